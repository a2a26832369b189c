import pytest
import torch

from methods_beside import NETWORKS, Twin, assert_beside, batch, step_of
from plasticity.errors import PlasticityError

RATE, MATURITY, DECAY = 0.06, 2, 0.9


class Reference:
    """Algorithm 1 of Dohare et al. (2024), unit by unit, with what their code and that of He et al. make of it."""

    def __init__(self, utility: str, outgoing: str) -> None:
        self.utility, self.outgoing, self.renewed = utility, outgoing, 0
        self.units: list[list[dict[str, float]]] = []
        self.due: list[float] = []

    def __call__(self, twin: Twin, layers: list[torch.Tensor], number: int) -> None:
        if not self.units:
            self.units = [[{"age": 0, "mean": 0, "utility": 0} for _ in range(layer.shape[1])] for layer in layers]
            self.due = [0.0 for _ in layers]
        chosen = [self._chosen(twin, place, layer) for place, layer in enumerate(layers)]
        for place, units in enumerate(chosen):
            if units:
                self._renew(twin, place, units, number)

    def _chosen(self, twin: Twin, place: int, layer: torch.Tensor) -> list[int]:
        names = twin.units[place]
        for number, unit in enumerate(self.units[place]):
            h = layer[:, number]
            out = torch.stack(
                [twin.weights[f"{names.outgoing}.weight"].detach()[c] for c in twin.columns(names, number)]
            )
            unit["age"] += 1
            unit["mean"] += (1 - DECAY) * (float(h.mean()) - unit["mean"])
            if self.utility == "contribution":
                gained = float(h.abs().mean() * out.abs().mean())
            else:
                centre = unit["mean"] / (1 - DECAY ** unit["age"])
                into = twin.weights[f"{names.incoming}.weight"][number].detach()
                gained = float((h - centre).abs().mean() * out.abs().mean() / into.abs().mean())
            unit["utility"] += (1 - DECAY) * (gained - unit["utility"])
        mature = [number for number, unit in enumerate(self.units[place]) if unit["age"] > MATURITY]
        self.due[place] += RATE * len(mature)
        count = int(self.due[place])
        self.due[place] -= count
        return sorted(mature, key=lambda number: self._corrected(place, number, "utility"))[:count]

    def _corrected(self, place: int, number: int, what: str) -> float:
        unit = self.units[place][number]
        return unit[what] / (1 - DECAY ** unit["age"])

    def _renew(self, twin: Twin, place: int, chosen: list[int], number: int) -> None:
        names = twin.units[place]
        if self.outgoing == "compensate":
            with torch.no_grad():
                for unit in chosen:
                    weight = twin.weights[f"{names.outgoing}.weight"]
                    out = sum(weight[c].reshape(len(weight), -1).sum(1) for c in twin.columns(names, unit))
                    twin.weights[f"{names.outgoing}.bias"].add_(self._corrected(place, unit, "mean") * out)
        twin.renew(place, chosen, number, redraw=self.outgoing == "redraw")
        for unit in chosen:
            self.units[place][unit] = {"age": 0, "mean": 0, "utility": 0}
        self.renewed += len(chosen)


@pytest.mark.parametrize("model", NETWORKS)
@pytest.mark.parametrize(
    ("utility", "outgoing"),
    [("contribution", "compensate"), ("adaptable_contribution", "zero"), ("contribution", "redraw")],
)
def test_units_of_least_utility_are_renewed(model: str, utility: str, outgoing: str) -> None:
    reference = Reference(utility, outgoing)
    hook = {"name": "continual_backprop", "replacement_rate": RATE, "maturity": MATURITY, "decay": DECAY}
    assert_beside(NETWORKS[model], {**hook, "utility": utility, "outgoing": outgoing}, reference, 10)
    assert reference.renewed >= 4


def test_any_nonlinearity_with_one_output_will_do() -> None:
    hook = {"name": "continual_backprop", "replacement_rate": 0.5, "maturity": 1}
    step = step_of({**NETWORKS["mlp"], "activation": "gelu"}, hooks=[hook])
    before = step.view.parameters["body.1.weight"].detach().clone()
    for number in range(4):
        step(batch(number))
    moved = (step.view.parameters["body.1.weight"] - before).detach().abs().amax(1)
    assert (moved > 0.05).sum() >= 6
    with pytest.raises(
        PlasticityError, match=r"^hook continual_backprop: expected .* one output per unit, got another$"
    ):
        step_of({**NETWORKS["mlp"], "activation": "crelu"}, hooks=[hook])


def test_sizes_of_weights_that_are_looked_at_now_and_then_hardly_change_the_utility() -> None:
    hooks = [{"name": "continual_backprop", "replacement_rate": 1e-9, "weights_every": every} for every in (1, 5)]
    exact, sparse = (step_of(NETWORKS["mlp"], hooks=[hook]) for hook in hooks)
    for number in range(40):
        for step in (exact, sparse):
            step(batch(number))
    torch.testing.assert_close(
        sparse.at_work.state()["0/utility"], exact.at_work.state()["0/utility"], rtol=0.1, atol=0
    )
