import pytest
import torch

from methods_beside import MLP, batch, step_of
from plasticity.training.model_view import ModelView
from small_problems import RESNET, is_buffer, state


def ascended(parameters: dict, model: torch.nn.Module, images: torch.Tensor, rate: float, last: int | None) -> dict:
    """Parameters after a step of ascent, by the singular value decomposition and autograd."""
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    layers = ModelView(model).layers_of(images, leaves)  # pyright: ignore[reportArgumentType]
    ranks = []
    for layer in layers[-(last or len(layers)) :]:
        p = torch.linalg.svdvals(layer.flatten(1))
        p = p[p > 1e-6 * p[0]] / p.sum()
        ranks.append(torch.exp(-(p * p.log()).sum()))
    gradients = torch.autograd.grad(torch.stack(ranks).mean(), list(leaves.values()), allow_unused=True)
    pairs = zip(parameters.items(), gradients, strict=True)
    return {name: value if g is None else value + rate * g for (name, value), g in pairs}


@pytest.mark.parametrize("last", [None, 1])
def test_every_so_many_steps_the_rank_of_the_last_images_rises(last: int | None) -> None:
    hook = {"name": "effective_rank_ascent", "learning_rate": 0.05, "every": 3, "images": 10}
    step, plain = step_of(MLP, hooks=[hook | ({"last": last} if last else {})]), step_of(MLP)
    seen = torch.tensor([], dtype=torch.int64)
    for number in range(1, 7):
        rows = batch(number, 4)
        seen = torch.cat([seen, rows])[-10:]
        for each in (step, plain):
            each(rows)
        if number % 3 == 0:
            parameters = {name: p.detach() for name, p in plain.view.parameters.items()}
            after = ascended(parameters, plain.model, plain.images.batch(seen)[0], 0.05, last)
            with torch.no_grad():
                for name, parameter in plain.view.parameters.items():
                    parameter.copy_(after[name])
        for name, value in state(plain.model).items():
            torch.testing.assert_close(state(step.model)[name], value, rtol=1e-5, atol=1e-7)


def test_running_statistics_do_not_see_its_images() -> None:
    hook = {"name": "effective_rank_ascent", "learning_rate": 0.05, "every": 1, "images": 8}
    step, plain = step_of(RESNET, hooks=[hook]), step_of(RESNET)
    for each in (step, plain):
        each(batch(0))
    for name, value in state(plain.model).items():
        assert torch.equal(value, state(step.model)[name]) == (is_buffer(name) or name.startswith("head"))
