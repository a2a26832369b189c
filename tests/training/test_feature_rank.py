import pytest
import torch

from plasticity.metrics import effective_rank
from plasticity.training.feature_rank import effective_rank_of_batch
from small_problems import generator

SHAPES = [(6, 9), (9, 6), (5, 5), (1, 4)]


def features(shape: tuple[int, int], rank: int | None = None) -> torch.Tensor:
    drawn = torch.randn(shape, generator=generator(1), dtype=torch.float64)
    if rank:
        drawn = drawn[:, :rank] @ torch.randn(rank, shape[1], generator=generator(2), dtype=torch.float64)
    return drawn


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_the_metric(shape: tuple[int, int]) -> None:
    h = features(shape)
    assert float(effective_rank_of_batch(h)) == pytest.approx(effective_rank(h), rel=1e-6)
    assert float(effective_rank_of_batch(h, "second_moment")) == pytest.approx(effective_rank(h.T @ h), rel=1e-6)


@pytest.mark.parametrize("of", ["features", "second_moment"])
@pytest.mark.parametrize("shape", SHAPES[:3], ids=str)
def test_its_gradient_is_that_of_finite_differences(shape: tuple[int, int], of: str) -> None:
    h = features(shape).requires_grad_()
    assert torch.autograd.gradcheck(lambda a: effective_rank_of_batch(a, of), h)  # pyright: ignore[reportArgumentType]


def test_features_of_low_rank_have_a_finite_gradient_within_their_range() -> None:
    """Directions that are but rounding get none: the exact slope there is infinite."""
    h = features((8, 12), rank=3).requires_grad_()
    effective_rank_of_batch(h).backward()
    assert h.grad is not None
    assert h.grad.isfinite().all()
    assert torch.linalg.matrix_rank(torch.cat([h.detach(), h.grad])) == 3


@pytest.mark.parametrize(("value", "rank"), [(0.0, 1.0), (float("nan"), float("nan")), (float("inf"), float("nan"))])
def test_silent_and_diverged_features(value: float, rank: float) -> None:
    h = torch.full((4, 3), value, requires_grad=True)
    found = effective_rank_of_batch(h)
    assert float(found.detach()) == pytest.approx(rank, nan_ok=True)
    found.backward()
    assert h.grad is not None
    assert not h.grad.nan_to_num(0.0).any()
