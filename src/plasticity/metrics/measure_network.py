"""All metrics of one network from one pass over the data it was trained on."""

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from plasticity.data.image_tensors import ImageTensors
from plasticity.metrics import capacity, collapse
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
    units: capacity.ActiveUnits

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float((self.predictions == self.labels).double().mean())


@torch.inference_mode()
def feature_pass(
    model: Classifier, images: ImageTensors, indices: Tensor, *, batch_size: int = _BATCH, probe_images: int = 0
) -> FeaturePass:
    """Run the network, in the mode it is in, over the images at `indices` and stream the statistics.

    Args:
        model: The network.
        images: Images on the model's device.
        indices: Which of them, in the order of their batches.
        batch_size: Images per batch.
        probe_images: On how many of the first images, in whole batches, the activity of units is watched.
    """
    stream = StatisticsStream(model.head.out_features, model.head.in_features, images.device)
    kept: list[tuple[Tensor, Tensor, Tensor]] = []  # on the device, which nothing waits for before the pass has ended
    units = capacity.ActiveUnits()
    seen = 0
    for inputs, labels in images.batches(indices, batch_size):
        with capacity.watch_units(model, units) if seen < probe_images else nullcontext():
            features = model.features(inputs)
        seen += len(labels)
        stream.update(features, labels)
        kept.append((features, model.head(features).argmax(1), labels))
    features, predictions, labels = (torch.cat(parts) for parts in zip(*kept, strict=True))
    return FeaturePass(stream, features, predictions, labels, units)


def network_metrics(
    model: Classifier, images: ImageTensors, indices: Tensor, *, probe_images: int
) -> dict[str, float | int]:
    """Return collapse, rank and accuracy metrics of a network in eval mode, leaving mode and buffers as they were.

    Args:
        model: The network.
        images: Training images on the model's device.
        indices: The images to measure on: the first task's.
        probe_images: How many of them dead units are counted on.

    Returns:
        Values by the names of the "collapse" table, `warm_up_train_accuracy` among them.
    """
    was_training = model.training
    model.eval()
    measured = feature_pass(model, images, indices, probe_images=probe_images)
    model.train(was_training)
    return {
        **_collapse(model, measured),
        **_ranks(measured),
        "dead_units": measured.units.dead_fraction(),
        "weight_norm": capacity.weight_norm(model),
        "warm_up_train_accuracy": measured.accuracy,
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
    return collapse.nc1(statistics)


def _collapse(model: Classifier, measured: FeaturePass) -> dict[str, float | int]:
    statistics = measured.stream.result()
    weights = model.head.weight.detach().cpu()
    means = statistics.centred_means
    agreement = collapse.nc4(measured.predictions, measured.features, statistics)
    return {
        "nc1": collapse.nc1(statistics),
        "nc2": collapse.nc2(weights),
        "nc3": collapse.nc3(weights, statistics),
        "nc4": agreement,
        "nc2_equinorm_means": collapse.equinorm(means),
        "nc2_equinorm_weights": collapse.equinorm(weights),
        "nc2_equiangular_means": collapse.equiangular(means),
        "nc2_equiangular_weights": collapse.equiangular(weights),
        "nc2_maximal_angle_means": collapse.maximal_angle(means),
        "nc2_maximal_angle_weights": collapse.maximal_angle(weights),
        "nc3_self_duality": collapse.self_duality(weights, statistics),
        "nc4_disagreement": 1.0 - agreement,
        "cdnv": collapse.cdnv(statistics),
    }


def _ranks(measured: FeaturePass) -> dict[str, float | int]:
    singular = capacity.singular_values(measured.stream.result().second_moment)
    return {
        "effective_rank": capacity.effective_rank(singular),
        "stable_rank": capacity.stable_rank(singular),
        "approximate_rank": capacity.approximate_rank(singular),
    }
