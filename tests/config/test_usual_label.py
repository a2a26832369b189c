import pytest

from plasticity.config.usual_label import usual_label


@pytest.mark.parametrize(
    ("arm", "label"),
    [
        ("nc1_spread", "NC1 spread"),
        ("shrink_perturb", "shrink and perturb"),
        ("weight_decay_0.1", "weight decay 0.1"),
        ("random_init_l2_init_weight0.001", "random init L2 Init weight 0.001"),
        ("l2_effective_rank", "L2-ER"),
        ("concatenated_relu", "concatenated ReLU"),
        ("random_labels_mnist", "random labels MNIST"),
        ("nc1_cap200_weight-0.05", "NC1 cap200 weight -0.05"),
        ("resnet18", "resnet18"),
    ],
)
def test_arms_are_called_by_the_field_s_words(arm: str, label: str) -> None:
    assert usual_label(arm) == label
