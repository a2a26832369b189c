"""Features of the hidden layers from one pass over images, and what collapse says of each layer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from plasticity.data.image_tensors import ImageTensors
from plasticity.metrics.declared import collapse
from plasticity.metrics.network_state import in_eval_mode
from plasticity.metrics.statistics import StatisticsStream
from plasticity.metrics.variances import Centres, Clustering, Features, centres, variances
from plasticity.models.classifier import Classifier

_BATCH = 500


@dataclass(frozen=True)
class LayerPass:
    """What one forward pass over images leaves: features of each hidden layer, and the share of right predictions."""

    layers: tuple[Features, ...]
    accuracy: float

    @property
    def finite(self) -> bool:
        """Whether every feature is a finite number."""
        return all(bool(torch.isfinite(layer.values).all()) for layer in self.layers)


@dataclass(frozen=True)
class TrainTestPass:
    """One pass over the training images and one over the test images, by the same network."""

    train: LayerPass
    test: LayerPass

    @property
    def finite(self) -> bool:
        """Whether every feature is a finite number."""
        return self.train.finite and self.test.finite


@torch.inference_mode()
def layer_pass(model: Classifier, images: ImageTensors) -> LayerPass:
    """Run the network over all images in eval mode, leaving mode and buffers as they were.

    Args:
        model: The network.
        images: Images on the model's device.

    Returns:
        Features in float32 on the CPU, from the first layer of `vector_layers` to the last, in the order of the images.
    """
    modules = vector_layers(model, images)
    was_training = model.training
    model.eval()
    kept: list[list[Tensor]] = []
    right = 0
    every = torch.arange(len(images), device=images.labels.device)
    for inputs, labels in images.batches(every, _BATCH):
        with outputs_of(modules) as outputs:
            logits = model(inputs)
        kept.append([output.cpu() for output in outputs])
        right += int((logits.argmax(1) == labels).sum())
    model.train(was_training)
    labels = images.labels.cpu()
    layers = tuple(Features(torch.cat(parts), labels) for parts in zip(*kept, strict=True))
    return LayerPass(layers, right / len(images))


@torch.inference_mode()
def vector_layers(model: Classifier, images: ImageTensors) -> list[nn.Module]:
    """Return the hidden layers whose outputs are vectors (B, d): maps of all images would fill the memory.

    The last hidden layer is always among them.
    """
    modules = model.hidden_layers()
    inputs, _ = images.batch(torch.zeros(1, dtype=torch.int64, device=images.labels.device))
    with in_eval_mode(model), outputs_of(modules) as outputs:
        model(inputs)
    return [module for module, output in zip(modules, outputs, strict=True) if output.dim() == 2]


def centres_of(measured: TrainTestPass, num_classes: int, clustering: Clustering) -> list[Centres]:
    """Return the centres of every hidden layer."""
    pairs = zip(measured.train.layers, measured.test.layers, strict=True)
    return [centres(train, test, num_classes, clustering) for train, test in pairs]


def layer_rows(
    measured: TrainTestPass, frozen: Sequence[Centres], num_classes: int, clustering: Clustering
) -> list[dict[str, float | int | bool]]:
    """Return a row per hidden layer: variances against the frozen centres and, as `own_`, against its own.

    Args:
        measured: The network's passes.
        frozen: Centres of every layer of the last checkpoint.
        num_classes: Classes of the task.
        clustering: How k-means is run for the network's own centres.
    """
    own = centres_of(measured, num_classes, clustering)
    rows = []
    for place, (train, test) in enumerate(zip(measured.train.layers, measured.test.layers, strict=True)):
        against_own = variances(train, test, own[place])
        row: dict[str, float | int | bool] = {"layer": place + 1, "last_layer": place + 1 == len(own)}
        row |= variances(train, test, frozen[place])
        row |= {f"own_{name}": value for name, value in against_own.items()}
        rows.append(row | {"nc1": _nc1(train, num_classes)})
    return rows


def _nc1(features: Features, num_classes: int) -> float:
    stream = StatisticsStream(num_classes, features.values.shape[1])
    for values, labels in features.blocks():
        stream.update(values, labels)
    return collapse.nc1(stream.result())


@contextmanager
def outputs_of(modules: Sequence[nn.Module]) -> Iterator[list[Tensor]]:
    """Collect the outputs of the modules, in their order, from one forward pass inside the block."""
    found: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        found.append(output)

    handles = [module.register_forward_hook(keep) for module in modules]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
