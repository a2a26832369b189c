"""How alike the gradients of single images are, as columns."""

from collections.abc import Iterator

from plasticity.config.landscape_section import GradientMeasure
from plasticity.metrics.landscape.gradient_covariance import GradientCovariance, gradient_covariance
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.by_single_images import MeasuredByImages
from plasticity.stages.landscape.measured import Quantity, quantity, series
from plasticity.stages.landscape.subject import Subject

_DECIMALS = 3  # of stored cosines, which are for figures: a file of them is a sixth as large


class MeasuredGradients(MeasuredByImages[GradientCovariance]):
    """The measure `gradients`."""

    def __init__(self, settings: GradientMeasure) -> None:
        super().__init__(settings, _quantities(settings))

    def measure(self, subject: Subject) -> GradientCovariance:
        """Return the cosines between the gradients."""
        images, labels = subject.first(self.images)
        return gradient_covariance(subject.model, images, labels, noise=subject.noise(len(images)))

    def seconds(self, gradient: float, model: Classifier) -> float:
        """Return about how long it takes: a gradient of each image, and their products."""
        del model
        return 2 * gradient * self.images


def _quantities(settings: GradientMeasure) -> Iterator[Quantity[GradientCovariance]]:
    of = f"the gradients of {settings.images} images (Lyle et al. 2023)"
    yield quantity(
        "gradient_rank",
        "1",
        f"effective rank of the cosines between {of}; 1: all aligned",
        lambda found: found.effective_rank,
    )
    yield quantity(
        "negative_gradient_pairs",
        "fraction",
        f"pairs of images with opposing gradients, of {of}",
        lambda found: found.negative_pairs,
    )
    yield quantity(
        "vanished_gradients",
        "fraction",
        f"images with zero gradient, excluded from the previous two, of {settings.images}",
        lambda found: found.vanished / (found.vanished + len(found.cosines)),
    )
    if settings.keep:
        yield series(
            "gradient_cosines",
            "1",
            f"cosines between {of}, ordered by class, row by row, to three decimals",
            lambda found: found.cosines.round(decimals=_DECIMALS),
        )
        yield series("gradient_labels", "1", "classes of the rows of gradient_cosines", lambda found: found.labels)
