"""Class statistics of features, streamed batch by batch in float64.

Shapes: B images in a batch, d features, C classes. Every collapse metric is a pure function of `ClassStatistics`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plasticity.errors import PlasticityError


@dataclass(frozen=True)
class ClassStatistics:
    """What one pass over the data leaves of the features.

    Attributes:
        counts: Images per class (C,).
        means: Class means μ_c (C, d); rows of absent classes are zero.
        scatter: Within-class scatter Σ_i (h_i − μ_{y_i})(h_i − μ_{y_i})ᵀ (d, d).
        class_scatter: Its trace, class by class (C,).
    """

    counts: Tensor
    means: Tensor
    scatter: Tensor
    class_scatter: Tensor

    @property
    def present(self) -> Tensor:
        """Classes with at least one image, as indices."""
        return torch.nonzero(self.counts).flatten()

    @property
    def global_mean(self) -> Tensor:
        """Mean μ_G over all images (d,), the sample mean as in the released code."""
        return (self.counts[:, None] * self.means).sum(0) / self.counts.sum()

    @property
    def centred_means(self) -> Tensor:
        """μ_c − μ_G of the classes present (C', d)."""
        return self.means[self.present] - self.global_mean

    @property
    def within_covariance(self) -> Tensor:
        """Σ_W = scatter / N (d, d)."""
        return self.scatter / self.counts.sum()

    @property
    def second_moment(self) -> Tensor:
        """HᵀH = Σ_i h_i h_iᵀ (d, d), whose eigenvalues are the squared singular values of the feature matrix."""
        return self.scatter + self.means.T @ (self.counts[:, None] * self.means)


class StatisticsStream:
    """Accumulates `ClassStatistics` from batches, independent of their size and order up to float64 rounding.

    Means and scatter are merged with the pairwise update of Chan, Golub & LeVeque (1983), which does not cancel when
    the features have collapsed onto their means; the difference of raw moments would.

        stream = StatisticsStream(num_classes=10, num_features=512)
        for features, labels in batches:
            stream.update(features, labels)
        nc1(stream)

    Args:
        num_classes: C; labels are in [0, C).
        num_features: d.
        device: Where the sums are kept, in float64; batches are moved there.
    """

    def __init__(self, num_classes: int, num_features: int, device: torch.device | str = "cpu") -> None:
        options = {"dtype": torch.float64, "device": device}
        self._counts = torch.zeros(num_classes, **options)
        self._means = torch.zeros(num_classes, num_features, **options)
        self._scatter = torch.zeros(num_features, num_features, **options)
        self._class_scatter = torch.zeros(num_classes, **options)

    def update(self, features: Any, labels: Any) -> None:
        """Add a batch.

        Args:
            features: Tensor or array (B, d) of any float type.
            labels: Class numbers (B,).

        Raises:
            PlasticityError: If the shapes do not fit or, on the CPU, a label is out of range; a GPU is not waited for.
        """
        features, labels = (self._here(values) for values in (features, labels))
        self._check(features, labels)
        h = features.to(torch.float64, copy=True)
        one_hot = torch.nn.functional.one_hot(labels.long(), len(self._counts)).to(torch.float64)
        counts = one_hot.sum(0)
        means = (one_hot.T @ h) / counts.clamp(min=1)[:, None]
        residuals = h.addmm_(one_hot, means, alpha=-1)  # in place: for small networks each pass over h counts
        shift = means - self._means
        total = self._counts + counts
        weight = self._counts * counts / total.clamp(min=1)
        self._scatter.addmm_(residuals.T, residuals).addmm_(shift.T, weight[:, None] * shift)
        self._class_scatter += one_hot.T @ residuals.square_().sum(1) + weight * shift.square().sum(1)
        self._means += shift * (counts / total.clamp(min=1))[:, None]
        self._counts = total

    def _here(self, values: Any) -> Tensor:
        tensor, device = as_tensor(values).detach(), self._counts.device
        return tensor if tensor.device == device else tensor.to(device)

    def _check(self, features: Tensor, labels: Tensor) -> None:
        classes, width = self._means.shape
        if features.shape != (len(labels), width):
            raise PlasticityError(
                f"features: expected the shape {(len(labels), width)} (one row per label), got {tuple(features.shape)}"
            )
        if labels.device.type == "cpu" and len(labels):
            check_range(labels, classes, "labels")

    def result(self) -> ClassStatistics:
        """Return the statistics of all batches so far, on the CPU; later batches do not change them."""
        sums = (self._counts, self._means, self._scatter, self._class_scatter)
        return ClassStatistics(*(value.cpu().clone() for value in sums))


def as_tensor(values: Any) -> Tensor:
    """Return a tensor as it is, and anything that numpy can read as a new one."""
    return values if isinstance(values, Tensor) else torch.from_numpy(np.array(values))


def check_range(classes: Tensor, num_classes: int, name: str) -> None:
    """Refuse class numbers (N,), N > 0, outside [0, `num_classes`).

    Raises:
        PlasticityError: If there is one; `name` opens the message.
    """
    least, most = int(classes.min()), int(classes.max())
    if least < 0 or most >= num_classes:
        expected = f"class numbers from 0 to {num_classes - 1}"
        raise PlasticityError(f"{name}: expected {expected}, got {least if least < 0 else most}")


def with_float64(device: torch.device) -> torch.device:
    """Return a device that computes in float64: this one, or the CPU beside one that does not."""
    return torch.device("cpu") if device.type == "mps" else device
