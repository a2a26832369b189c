import pytest
import torch

from methods_beside import NETWORKS, Twin, assert_beside, batch, step_of
from plasticity.errors import PlasticityError

CHOSEN = {"name": "redo", "every": 3, "threshold": 0.4}


class Reference:
    """Scores unit by unit, as a mean over the last batches."""

    def __init__(self, batches: int) -> None:
        self.batches, self.seen, self.renewed = batches, [], 0

    def __call__(self, twin: Twin, layers: list[torch.Tensor], number: int) -> None:
        self.seen.append(layers)
        if number % 3:
            return
        for place in range(len(layers)):
            means = [
                sum(float(step[place][:, unit].abs().mean()) for step in self.seen[-self.batches :])
                for unit in range(layers[place].shape[1])
            ]
            dormant = [unit for unit, mean in enumerate(means) if not mean / (sum(means) / len(means)) > 0.4]
            twin.renew(place, dormant, number)
            self.renewed += len(dormant)


@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("model", NETWORKS)
def test_dormant_units_are_recycled(model: str, batches: int) -> None:
    reference = Reference(batches)
    assert_beside(NETWORKS[model], {**CHOSEN, "batches": batches}, reference, 7)
    assert reference.renewed


def test_a_silent_layer_is_renewed_altogether() -> None:
    step = step_of(NETWORKS["mlp"], hooks=[{**CHOSEN, "every": 1, "threshold": 0.0}])
    with torch.no_grad():
        step.view.parameters["body.3.bias"].fill_(-1e3)
    step(batch(0))
    assert float(step.view.parameters["body.3.bias"].detach().abs().max()) < 1
    assert not step.view.parameters["head.weight"].any()


@pytest.mark.parametrize("hook", ["redo", "self_normalized_resets"])
@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"name": "mlp", "activation": "tanh"}, "expected the activation relu, got tanh"),
        ({"name": "mlp", "activation": "crelu"}, "expected a network whose hidden units .*, got another"),
        ({"name": "resnet18_narrow", "width": 2}, "expected a network whose hidden units .*, got another"),
    ],
    ids=["tanh", "crelu", "resnet"],
)
def test_networks_without_relu_units_are_refused(hook: str, model: dict, message: str) -> None:
    with pytest.raises(PlasticityError, match=f"^hook {hook}: {message}$"):
        step_of(model, hooks=[{"name": hook} | ({"every": 1} if hook == "redo" else {})])
