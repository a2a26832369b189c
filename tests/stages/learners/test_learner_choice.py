"""The fastest loop that can do it, and why no faster one can."""

from typing import Any

import pytest

from plasticity.stages.learners.learner_choice import choose_loop, tell_choice
from typed import chosen, optimisation

BATCHES = "one network after another in batches"


@pytest.mark.parametrize(
    ("model", "training", "loop", "because"),
    [
        ({"name": "mlp"}, {}, "compiled loop", ""),
        ({"name": "mlp", "hidden": [5]}, {"weight_decay": 0.1}, "compiled loop", ""),
        ({"name": "mlp"}, {"penalty": {"name": "l2_init", "weight": 0.01}}, "compiled loop", ""),
        ({"name": "mlp"}, {"hooks": [{"name": "effective_rank_ascent"}]}, "compiled loop", ""),
        ({"name": "mlp"}, {"hooks": [{"name": "redo"}]}, "stacked tensors", "hooks redo"),
        ({"name": "mlp"}, {"batch_size": 16}, "stacked tensors", "16 images per step"),
        ({"name": "mlp"}, {"optimizer": {"name": "adam"}}, "stacked tensors", "optimizer adam"),
        ({"name": "mlp", "layer_norm": True}, {}, "compiled loop", ""),
        ({"name": "mlp", "layer_norm": True}, {"batch_size": 16}, "stacked tensors", "16 images per step"),
        ({"name": "mlp", "spectral_norm": True}, {}, BATCHES, "the network's spectral_norm true"),
        ({"name": "mlp", "activation": "tanh"}, {"batch_size": 16}, BATCHES, "the network's activation tanh"),
        ({"name": "vit"}, {}, BATCHES, "the network vit"),
        ({"name": "my_lab.nets:Net"}, {}, BATCHES, "the network my_lab.nets:Net"),
    ],
)
def test_a_loop_and_why_not_the_compiled_one(
    model: dict[str, Any], training: dict[str, Any], loop: str, because: str
) -> None:
    assert choose_loop(chosen(model), optimisation({"learning_rate": 0.1, **training})) == (loop, because)


def test_the_reason_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="plasticity"):
        for model in ("vit", "mlp"):
            tell_choice(model, chosen({"name": model}), optimisation({"learning_rate": 0.1}))
    assert caplog.messages == [
        "vit: using one network after another in batches instead of the compiled loop, because of the network vit"
    ]
