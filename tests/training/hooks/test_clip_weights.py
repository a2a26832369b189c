import torch

from methods_beside import CONVNET, batch, step_of
from small_problems import state


def test_weights_and_biases_stay_within_a_multiple_of_pytorchs_range() -> None:
    """A large step, then what lies outside of ±factor/√fan_in is at the border, and the rest where it was."""
    step, plain = (
        step_of(CONVNET, hooks=hooks, learning_rate=3.0) for hooks in ([{"name": "clip_weights", "factor": 2.0}], [])
    )
    for each in (step, plain):
        each(batch(0))
    layers = dict(plain.model.named_modules())
    clipped = 0
    for name, value in state(plain.model).items():
        weight = getattr(layers[name.rpartition(".")[0]], "weight", torch.zeros(1))
        if weight.dim() > 1:
            bound = 2.0 / weight[0].numel() ** 0.5
            clipped += int((value.abs() > bound).sum())
            value = value.clamp(-bound, bound)  # noqa: PLW2901
        torch.testing.assert_close(state(step.model)[name], value)
    assert clipped
