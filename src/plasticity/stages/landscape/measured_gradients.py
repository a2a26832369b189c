"""How alike the gradients of single images are, as columns."""

from plasticity.config.landscape_section import GradientMeasure
from plasticity.metrics.landscape.example_gradients import known_layers
from plasticity.metrics.landscape.gradient_covariance import GradientCovariance, gradient_covariance
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.subject import Quantity, Subject, quantity
from plasticity.storage.schemas import Column


class MeasuredGradients:
    """The measure `gradients`."""

    def __init__(self, settings: GradientMeasure) -> None:
        self.every, self.images = settings.every, settings.images
        self._quantities = _quantities(settings)

    @property
    def columns(self) -> list[Column]:
        """The columns that it fills."""
        return [each.column for each in self._quantities]

    def check(self, model: Classifier) -> None:
        """Refuse a network with layers whose gradients are not known.

        Raises:
            PlasticityError: If it has one.
        """
        known_layers(model)

    def values(self, subject: Subject) -> dict[str, float]:
        """Return a value for every column."""
        found = gradient_covariance(subject.model, *subject.first(self.images))
        return {each.column.name: each.value(found) for each in self._quantities}

    def seconds(self, gradient: float, classes: int) -> float:
        """Return about how long it takes: a gradient of each image, and their products."""
        del classes
        return 2 * gradient * self.images


def _quantities(settings: GradientMeasure) -> tuple[Quantity[GradientCovariance], ...]:
    of = f"the gradients of {settings.images} images (Lyle et al. 2023)"
    return (
        quantity(
            "gradient_rank",
            "1",
            f"effective rank of the cosines between {of}; 1: all aligned",
            lambda found: found.effective_rank,
        ),
        quantity(
            "negative_gradient_pairs",
            "fraction",
            f"pairs of images with opposing gradients, of {of}",
            lambda found: found.negative_pairs,
        ),
        quantity(
            "vanished_gradients",
            "fraction",
            f"images with zero gradient, excluded from the previous two, of {settings.images}",
            lambda found: found.vanished / (found.vanished + len(found.cosines)),
        ),
    )
