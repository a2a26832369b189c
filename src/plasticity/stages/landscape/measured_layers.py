"""Ranks, dead units and weight norm of every hidden layer, as columns."""

from collections.abc import Mapping

import torch
from torch import Tensor

from plasticity.config.landscape_section import LayersMeasure
from plasticity.metrics.declared.capacity import approximate_rank, effective_rank, singular_values, stable_rank
from plasticity.metrics.layers import outputs_of
from plasticity.metrics.network_state import in_eval_mode
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.subject import Subject
from plasticity.storage.schemas import Column
from plasticity.training.weight_matrices import weight_matrices

_SUFFIX = "_layer_"


class MeasuredLayers:
    """The measure `layers`."""

    def __init__(self, settings: LayersMeasure) -> None:
        self.every, self.images, self._number = settings.every, settings.images, settings.hidden
        of = f"on {settings.images} images of the task"
        self._quantities = {
            "effective_rank": ("1", f"effective rank of the outputs {of}"),
            "stable_rank": ("1", f"stable rank of the outputs {of}"),
            "approximate_rank": ("1", f"number of singular values with 99 % of the squared sum, of the outputs {of}"),
            "dead_units": ("fraction", f"units that are zero {of}"),
            "weight_norm": (
                "1",
                "Frobenius norm of the weights that lead into the layer; missing if of several layers",
            ),
        }

    @property
    def columns(self) -> list[Column]:
        """The columns that it fills."""
        return [
            Column(f"{name}{_SUFFIX}{place}", "float", unit, f"hidden layer {place}: {meaning}")
            for place in range(1, self._number + 1)
            for name, (unit, meaning) in self._quantities.items()
        ]

    def check(self, model: Classifier) -> None:
        """Accept every network: columns of layers that it does not have stay empty."""

    def values(self, subject: Subject) -> dict[str, float]:
        """Return a value for every column."""
        images, _ = subject.first(self.images)
        with in_eval_mode(subject.model), torch.inference_mode(), outputs_of(subject.model.hidden_layers()) as layers:
            subject.model(images)
        norms = _weight_norms(subject.model, len(layers))
        found = {}
        for place, layer in enumerate(layers[: self._number], 1):
            values = {**_of_outputs(layer), "weight_norm": norms[place - 1]}
            found |= {f"{name}{_SUFFIX}{place}": value for name, value in values.items()}
        return {column.name: found.get(column.name, float("nan")) for column in self.columns}

    def seconds(self, gradient: float, model: Classifier) -> float:
        """Return about how long it takes: a forward pass."""
        del model
        return gradient * self.images / 3


def _of_outputs(layer: Tensor) -> Mapping[str, float]:
    """Return what is measured of the outputs of a layer, (N, units, ...)."""
    features = layer.flatten(1).double()
    # Either product has the singular values; a convolution has more outputs than there are images.
    singular = singular_values(features @ features.T if len(features) < features.shape[1] else features.T @ features)
    active = (layer != 0).movedim(1, -1).reshape(-1, layer.shape[1]).any(0)
    ranks = {"effective_rank": effective_rank, "stable_rank": stable_rank, "approximate_rank": approximate_rank}
    found = {name: float(function(singular)) for name, function in ranks.items()}
    return found | {"dead_units": 1 - float(active.double().mean())}


def _weight_norms(model: Classifier, layers: int) -> list[float]:
    """Return the norm of the weights of each hidden layer; NaN for all where one has several weight matrices."""
    matrices = list(weight_matrices(dict(model.named_parameters()), head=False).values())
    if len(matrices) != layers:
        return [float("nan")] * layers
    return [float(matrix.detach().double().norm()) for matrix in matrices]
