"""What is measured by the gradients of single images, which are known of certain layers alone."""

from plasticity.metrics.landscape.example_gradients import known_layers
from plasticity.models.classifier import Classifier
from plasticity.stages.landscape.measured import Measured, Result


class MeasuredByImages(Measured[Result]):
    """A measure of the gradients of single images."""

    def check(self, model: Classifier) -> None:
        """Refuse a network with layers whose gradients are not known.

        Raises:
            PlasticityError: If it has one.
        """
        known_layers(model)
