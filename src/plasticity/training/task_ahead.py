"""The next task of a network as interventions see it before it is learnt: gradients of its loss."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from plasticity.config.component import Chosen
from plasticity.data.image_tensors import ImageTensors, train_tensors
from plasticity.data.store import ImageStore
from plasticity.jobs.device import place
from plasticity.models.classifier import Classifier
from plasticity.models.model_registry import build_model
from plasticity.seeding import torch_generator
from plasticity.storage.weights import load_weights


@dataclass(frozen=True)
class TaskAhead:
    """Images of a task, and a network to see them with.

    Attributes:
        network: Of the shape of the networks that are intervened on; its weights are overwritten.
        images: Labelled images on its device.
        rows: Which of them, in the order of their batches, int64 (n,).
        outputs: Outputs that the task uses, the first ones; None for all.
    """

    network: Classifier
    images: ImageTensors
    rows: torch.Tensor
    outputs: int | None = None

    def of(self, indices: NDArray[np.int64]) -> "TaskAhead":
        """Return the task of some of the images."""
        rows = torch.from_numpy(np.array(indices)).to(self.images.device)  # a copy: a split's may be read-only
        return replace(self, rows=rows)

    def gradients(self, weights: Mapping[str, NDArray], batch_size: int) -> Iterator[dict[str, NDArray]]:
        """Yield the gradient of the mean cross-entropy of each batch, by parameter, all at the same weights.

        Batch-norm takes the statistics of the batch, as in training. Mode of the network and buffers are left.

        Args:
            weights: Parameters and buffers of the network by name.
            batch_size: Images per batch; sizes of batches differ by one at most.
        """
        load_weights(self.network, weights)
        was_training = self.network.training
        self.network.train()
        names, parameters = zip(*self.network.named_parameters(), strict=True)
        for inputs, labels in self.images.batches(self.rows, batch_size):
            logits = self.network(inputs)[:, : self.outputs]
            gradients = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, labels), parameters)
            yield {name: value.cpu().numpy() for name, value in zip(names, gradients, strict=True)}
        self.network.train(was_training)


def open_task_ahead(store: ImageStore, model: Chosen, device: torch.device) -> TaskAhead:
    """Load the training images, normalised, and a network to see them with."""
    network = build_model(model, store.image_shape, store.num_classes, torch_generator(0, "task_ahead"))
    place(network, device)
    images = train_tensors(store, device)
    return TaskAhead(network, images, torch.arange(len(images), device=device))
