import math

import pytest
import torch

from methods_beside import NETWORKS, Twin, assert_beside, batch, step_of

CHOSEN = {"name": "self_normalized_resets", "percentile": 0.9, "threshold": 3, "every": 4}


class Reference:
    """The released algorithm for one unit after another."""

    def __init__(self) -> None:
        self.units: dict[tuple[int, int], dict[str, float]] = {}
        self.renewed, self.thresholds = 0, set()

    def __call__(self, twin: Twin, layers: list[torch.Tensor], number: int) -> None:
        for place, layer in enumerate(layers):
            due = [unit for unit in range(layer.shape[1]) if self._step(place, unit, layer[:, unit])]
            if due:
                twin.renew(place, due, number)
            self.renewed += len(due)
        if number % 4 == 0:
            for unit in self.units.values():
                estimate = -math.log(1 - 0.9) * unit["times"] / unit["firings"]
                grown = 2 * unit["threshold"] if unit["threshold"] <= estimate else estimate
                unit.update(threshold=math.ceil(grown), times=1, firings=1)
                self.thresholds.add(unit["threshold"])

    def _step(self, place: int, number: int, outputs: torch.Tensor) -> bool:
        start: dict[str, float] = {"silence": 0, "threshold": 3, "times": 1, "firings": 1}
        unit = self.units.setdefault((place, number), start)
        fired = bool((outputs > 0).any())
        unit["silence"] += 1
        renewed = not fired and unit["silence"] >= unit["threshold"]
        if fired or renewed:
            unit["times"] += unit["silence"]
            unit["firings"] += 1
            unit["silence"] = 0
        return renewed


@pytest.mark.parametrize("model", NETWORKS)
def test_units_that_are_silent_for_too_long_are_renewed(model: str) -> None:
    reference = Reference()
    assert_beside(NETWORKS[model], CHOSEN, reference, 14)
    assert reference.renewed or model == "convnet"
    assert len(reference.thresholds) > 1


def test_a_unit_that_never_fires_is_renewed_at_its_threshold() -> None:
    step = step_of(NETWORKS["mlp"], hooks=[{**CHOSEN, "every": 100}])
    with torch.no_grad():
        step.view.parameters["body.1.bias"][5] = -1e3
    for number in range(3):
        assert float(step.view.parameters["body.1.bias"][5].detach()) < -100
        step(batch(number))
    assert abs(float(step.view.parameters["body.1.bias"][5].detach())) < 1
    readers = step.view.parameters["body.3.weight"][:, 5].detach()
    assert (readers == 0).sum() >= 6  # all but those of units that were themselves renewed, after it
