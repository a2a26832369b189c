"""All metrics of one network from one pass over the data it was trained on."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from plasticity.data.image_tensors import ImageTensors, even_batches
from plasticity.metrics.declared.capacity import ActiveUnits, watch_units
from plasticity.metrics.declared.collapse import nc1
from plasticity.metrics.evaluate import declared_functions, evaluate
from plasticity.metrics.own_metric import OwnMetric
from plasticity.metrics.statistics import StatisticsStream
from plasticity.models.classifier import Classifier

_BATCH = 500


@dataclass(frozen=True)
class FeaturePass:
    """What one forward pass over images leaves.

    Attributes:
        stream: Class statistics of the features.
        features: Last-layer features (N, d) in float32, in the order of the images; on the device, as are the next two.
        predictions: Predicted classes (N,).
        labels: True classes (N,).
        units: Activity of the ReLU units on the probe images.
    """

    stream: StatisticsStream
    features: Tensor
    predictions: Tensor
    labels: Tensor
    units: ActiveUnits

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float((self.predictions == self.labels).double().mean())


@torch.inference_mode()
def feature_pass(
    model: Classifier,
    images: ImageTensors,
    indices: Tensor,
    *,
    batch_size: int = _BATCH,
    probe_images: int = 0,
    classes: Tensor | None = None,
) -> FeaturePass:
    """Run the network, in the mode it is in, over the images at `indices` and stream the statistics.

    Args:
        model: The network.
        images: Images on the model's device.
        indices: Which of them, in the order of their batches.
        batch_size: Images per batch.
        probe_images: On how many images the activity of units is watched, as `probed` chooses them.
        classes: Classes that the images may be sorted by, int64 (N,); their labels by default.
    """
    units = ActiveUnits()
    watched = torch.zeros(len(indices), dtype=torch.bool)
    if probe_images:
        known = images.labels[images.at_hand(indices)] if classes is None else classes
        watched = probed(known.cpu(), batch_size, probe_images)

    def parts() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        chosen = even_batches(watched, batch_size)
        for (inputs, labels), rows in zip(images.batches(indices, batch_size), chosen, strict=True):
            some = None if rows.all() else rows.nonzero().flatten().to(inputs.device)
            with watch_units(model, units, some) if rows.any() else nullcontext():
                features = model.features(inputs)
            yield features, model.head(features), labels

    stream = StatisticsStream(model.head.out_features, model.head.in_features, images.device)
    return collected(parts(), stream, units)


def probed(classes: Tensor, batch_size: int, probe_images: int) -> Tensor:
    """Return on which images the activity of units is watched, bool (N,): on the first ones, in whole batches.

    Where these lack a class because the images are sorted by class, as many spread evenly take their place.

    Args:
        classes: Classes of the images (N,), on the CPU.
        batch_size: Images per batch.
        probe_images: How many.
    """
    number = len(classes)
    sizes = [len(part) for part in even_batches(classes, batch_size)]
    ends = torch.tensor([0, *sizes]).cumsum(0)
    first = int(ends[torch.searchsorted(ends, min(probe_images, number))])
    watched = torch.arange(number) < first
    alike = int((classes[1:] == classes[:-1]).sum())  # as the image before
    if 2 * alike > number and not torch.isin(classes, classes[:first].unique()).all():
        watched = torch.zeros(number, dtype=torch.bool)
        watched[torch.arange(probe_images) * number // probe_images] = True
    return watched


def collected(
    parts: Iterable[tuple[Tensor, Tensor, Tensor]], stream: StatisticsStream, units: ActiveUnits
) -> FeaturePass:
    """Gather the batches of one pass.

    Args:
        parts: Features (B, d), logits (B, C) and labels (B,) of each batch; there is at least one.
        stream: An empty stream, which they are added to.
        units: What the pass records its ReLU units in.
    """
    kept: list[tuple[Tensor, Tensor, Tensor]] = []  # on the device, which nothing waits for before the pass has ended
    for features, logits, labels in parts:
        stream.update(features, labels)
        kept.append((features, logits.argmax(1), labels))
    features, predictions, labels = (torch.cat(each) for each in zip(*kept, strict=True))
    return FeaturePass(stream, features, predictions, labels, units)


def network_metrics(
    model: Classifier,
    images: ImageTensors,
    indices: Tensor,
    *,
    probe_images: int,
    own: Sequence[OwnMetric] = (),
    classes: Tensor | None = None,
) -> dict[str, float | int]:
    """Return all declared metrics and the accuracy of a network in eval mode, leaving mode and buffers as they were.

    Args:
        model: The network.
        images: Training images on the model's device.
        indices: The images to measure on: the first task's.
        probe_images: How many of them dead units are counted on.
        own: Metrics of the user's own.
        classes: Classes that these images may be sorted by, int64 (N,); their labels by default.

    Returns:
        Values by the names of the "collapse" table, `warm_up_train_accuracy` among them, and of the user's own.
    """
    was_training = model.training
    model.eval()
    measured = feature_pass(model, images, indices, probe_images=probe_images, classes=classes)
    model.train(was_training)
    functions = declared_functions() | {each.column.name: each.function for each in own}
    values = evaluate(functions, inputs_of(measured, model, model.head))
    found = {each.column.name: each.checked(values[each.column.name]) for each in own}
    return {**values, **found, "warm_up_train_accuracy": measured.accuracy}


def inputs_of(measured: FeaturePass, model: nn.Module, head: nn.Linear) -> dict[str, Any]:
    """Return what metrics may ask for, by name, after a pass of a network with this last layer."""
    return {
        "features": measured.features,
        "labels": measured.labels,
        "predictions": measured.predictions,
        "weights": head.weight.detach().cpu(),
        "statistics": measured.stream.result(),
        "units": measured.units,
        "model": model,
    }


def nc1_in_train_mode(model: Classifier, images: ImageTensors, indices: Tensor, *, batch_size: int) -> float:
    """Return NC1 as the released code measured it: batch-norm on each batch's own statistics.

    The released code also let this pass change the running statistics; here buffers and mode are restored.

    Args:
        model: The network.
        images: Training images on the model's device.
        indices: The images, in the order their batches are drawn from.
        batch_size: Images per batch; it changes the result, which is why this is not the canonical NC1.
    """
    was_training = model.training
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.train()
    statistics = feature_pass(model, images, indices, batch_size=batch_size).stream.result()
    for name, buffer in model.named_buffers():
        buffer.copy_(buffers[name])
    model.train(was_training)
    return nc1(statistics)
