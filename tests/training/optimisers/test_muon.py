import pytest
import torch

from optimiser_problems import assert_equal_networks, descend, ours, small_network
from plasticity.training.optimisers.muon import orthogonalised
from small_problems import generator


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (3, 5, 5)], ids=str)
def test_singular_vectors_stay_and_singular_values_come_near_one(shape: tuple[int, ...]) -> None:
    matrices = torch.randn(shape, generator=generator(0), dtype=torch.float64)
    found = orthogonalised(matrices, 5)
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    inner = left.mT @ found @ right.mT
    values = inner.diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(inner, torch.diag_embed(values))
    assert values.min() > 0.6
    assert values.max() < 1.3


@pytest.mark.parametrize("scale", ["original", "match_rms_adamw"])
def test_matrices_follow_pytorchs_muon_and_the_rest_its_adamw(scale: str) -> None:
    """Up to the rounding of PyTorch's bfloat16 iterations."""
    mine, theirs = small_network(), small_network()
    chosen = {"name": "muon", "scale": scale, "rest_rate": 0.5}
    bound = ours(mine, chosen, weight_decay=0.1)
    matrices = [p for p in theirs.parameters() if p.dim() > 1]
    rest = [p for p in theirs.parameters() if p.dim() == 1]
    muon = torch.optim.Muon(matrices, lr=0.01, weight_decay=0.1, momentum=0.95, adjust_lr_fn=scale)
    adamw = torch.optim.AdamW(rest, lr=0.005, weight_decay=0.1)
    before = [p.detach().clone() for p in theirs.parameters()]
    descend(bound, mine, 6)

    class Both:
        def zero_grad(self) -> None:
            theirs.zero_grad()

        def step(self) -> None:
            muon.step()
            adamw.step()

    descend(Both(), theirs, 6)  # pyright: ignore[reportArgumentType]
    for one, other, start in zip(mine.parameters(), theirs.parameters(), before, strict=True):
        moved = float((other - start).detach().norm())
        assert float((one - other).detach().norm()) < 0.02 * moved


def test_a_stack_of_networks_steps_as_each_of_them_does() -> None:
    from plasticity.training.bound_optimiser import BoundOptimiser
    from plasticity.training.optimisers.muon import Muon

    shapes = {"body.1.weight": (5, 3), "head.weight": (2, 5), "body.1.bias": (5,), "head.bias": (2,)}
    drawn = {name: torch.randn(2, 4, *shape, generator=generator(3)) for name, shape in shapes.items()}
    stacked = {name: (value[0].mT if value.dim() > 3 else value[0]).clone() for name, value in drawn.items()}
    single = {name: value[0].clone() for name, value in drawn.items()}
    together = BoundOptimiser(Muon(), stacked, learning_rate=0.1, stacked=True)
    alone = [BoundOptimiser(Muon(), {n: v[r] for n, v in single.items()}, learning_rate=0.1) for r in range(4)]
    for step in (1, 2):
        gradients = {name: torch.randn(value[0].shape, generator=generator(10 + step)) for name, value in drawn.items()}
        together.step([g.mT if g.dim() > 2 else g for g in gradients.values()])
        for replica, each in enumerate(alone):
            each.step([g[replica] for g in gradients.values()])
    for name, value in single.items():
        torch.testing.assert_close(stacked[name].mT if value.dim() > 2 else stacked[name], value)


def test_it_is_saved_and_continued() -> None:
    straight, broken = small_network(), small_network()
    descend(ours(straight, {"name": "muon"}), straight, 6)
    first = ours(broken, {"name": "muon"})
    descend(first, broken, 3)
    second = ours(broken, {"name": "muon"})
    second.load(first.state())
    descend(second, broken, 3, first=3)
    assert_equal_networks(broken, straight)
