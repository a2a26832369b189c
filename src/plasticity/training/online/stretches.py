"""One network with a step hook in the compiled loop: the loop runs until the hook acts, and goes on after it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity.config.training_section import Optimisation
from plasticity.training.online.compiled import compiled_network
from plasticity.training.online.kernel_arrays import Utilities
from plasticity.training.online.origin import Origin
from plasticity.training.online.pixels import Pixels
from plasticity.training.online.stack import Stack
from plasticity.training.online.stacked import stack_training


@dataclass(frozen=True)
class Stretch:
    """Steps of the compiled loop, as a hook sees them: the rows of their images in `pixels`."""

    pixels: Pixels
    rows: NDArray[np.int64]

    def images(self, most: int) -> Tensor:
        """Return the last images (B, D), at most so many."""
        return torch.from_numpy(self.pixels.dense(self.rows[-most:]))


@torch.no_grad()
def train_in_stretches(
    stack: Stack,
    pixels: Pixels,
    order: NDArray[np.int64],
    optimisation: Optimisation,
    hits: NDArray[np.bool_],
    origin: Origin,
) -> int:
    """Train one network in place by a single hook, with the numbers that stacked tensors would draw.

    Args:
        stack: A stack of one network; what the hook keeps is carried in `stack.kept`.
        pixels: The images, with the labels that it learns.
        order: Rows of the images in the order of the stream (n,).
        optimisation: How to train.
        hits: Gets whether each prediction before the update was right (n,).
        origin: Where the network comes from.

    Returns:
        Steps done: all, or those before the outputs stopped being finite.
    """
    training = stack_training(stack, optimisation, "cpu", origin)
    arrays = [tensor.detach().numpy() for tensor in training.networks.tensors]  # the hook's tensors, in their memory
    held = stack.with_parts(arrays, stack.kept)
    network = compiled_network(held, optimisation, pixels)
    ((hook, context),) = training.hooks[0].at_work
    done, size = 0, len(order)
    while done < size:
        rows = order[done : done + min(hook.stretch(context), size)]
        of_hook = hook.compiled(context)
        steps = network.train(rows, hits[done : done + len(rows)], of_hook)
        context.step += steps
        done += steps
        if steps < len(rows) and not (isinstance(of_hook, Utilities) and of_hook.due.max() >= 1):
            break
        hook.after_stretch(context, Stretch(pixels, rows[:steps]))
    training.write_back(stack)
    return done
