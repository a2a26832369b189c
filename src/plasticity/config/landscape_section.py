"""Part of the section `measure` that asks for the loss landscape around a network and for the plasticity probe."""

from typing import Annotated, Literal, Self

from pydantic import Field

from plasticity.config.component import Chosen, chosen
from plasticity.config.settings import Distinct, Settings, setting
from plasticity.config.training_section import Optimisation

MEASURED_BY = {
    name: f"plasticity.stages.landscape.{where}"
    for name, where in {
        "gradients": "measured_gradients:MeasuredGradients",
        "curvature": "measured_gauss_newton:MeasuredGaussNewton",
        "hessian": "measured_hessian:MeasuredHessian",
        "probe": "measured_probe:MeasuredProbe",
        "layers": "measured_layers:MeasuredLayers",
    }.items()
}
"""Key of what is asked for -> what measures it, which is a part of a stage's code where the key is given."""

_Threshold = Annotated[float, Field(gt=0)]
_Share = Annotated[float, Field(gt=0, lt=1)]


class OnImages(Settings):
    """A measure on some images, at some of the checkpoints."""

    images: int = setting("Images of the task, drawn from the seed; the same at all checkpoints.", unit="images", ge=2)
    every: int = setting(
        "Measure at every n-th checkpoint, from the first one on; in a sequence of tasks, at every n-th task.",
        unit="checkpoints",
        ge=1,
        default=1,
    )


class GradientMeasure(OnImages):
    """Per-image gradients and their similarity (Lyle et al. 2023, section 3.2)."""

    images: int = setting("Images of the task, drawn from the seed.", unit="images", ge=2, default=512)
    keep: bool = setting(
        "Also store all cosines, the square of `images` numbers per checkpoint, for figures.", unit="1", default=False
    )


class LayersMeasure(OnImages):
    """Ranks, dead units and weight norm of every hidden layer."""

    images: int = setting("Images of the task, drawn from the seed.", unit="images", ge=2, default=500)
    hidden: int = setting(
        "Number of hidden layers, from the input; columns of layers that a network does not have are empty.",
        unit="layers",
        ge=1,
        default=3,
    )


class HessianMeasure(OnImages):
    """The Hessian's spectrum: exact for small networks, estimated by stochastic Lanczos quadrature for others."""

    images: int = setting("Images of the task, drawn from the seed.", unit="images", ge=2, default=512)
    probes: int = setting("Random probe vectors; standard errors are over these.", unit="1", ge=2, default=10)
    steps: int = setting("Lanczos steps: Hessian products with each vector.", unit="1", ge=2, default=50)
    exact_up_to: int = setting(
        "Networks with at most this many parameters: all eigenvalues instead of random vectors, with standard errors "
        "of 0. Cost: a Hessian product per parameter, and the eigenvalues of the whole matrix. 0: never.",
        unit="parameters",
        ge=0,
        default=2000,
    )
    keep: bool = setting("Also store the spectrum itself, for figures.", unit="1", default=False)


class Trainability(Settings):
    """The condition rank(H) ≥ ρ of τ-trainability (He et al. 2025), with H the Gauss-Newton matrix.

    He et al. leave open what counts as zero, and ρ.
    """

    above: float = setting("Threshold above which eigenvalues count towards the rank.", unit="1", gt=0)
    of_largest: bool = setting("Whether the threshold is relative to the largest eigenvalue.", unit="1")
    share: float = setting("Sufficient rank ρ, as a fraction of the reference rank.", unit="fraction", gt=0, le=1)
    reference: Literal["fresh", "possible"] = setting(
        "Reference rank: of a fresh network on the same images, or the largest possible rank of the matrix.",
        unit="name",
    )


class CurvatureMeasure(OnImages):
    """The exact spectrum of the Gauss-Newton matrix and, optionally, the Hessian's."""

    images: int = setting(
        "Images of the task, drawn from the seed, for the Gauss-Newton matrix; cost grows with their number cubed.",
        unit="images",
        ge=2,
        default=200,
    )
    above: Distinct[_Threshold] = setting(
        "Rank thresholds: eigenvalues larger in absolute value count.", unit="1", default=(0.001, 0.01, 0.1)
    )
    above_of_largest: Distinct[_Share] = setting(
        "Rank thresholds relative to the largest eigenvalue.", unit="fraction", default=(0.0001, 0.001, 0.01)
    )
    hessian: HessianMeasure | None = setting("The Hessian; if absent, not measured.", unit="mapping", default=None)
    trainability: Trainability | None = setting(
        "He et al.'s condition of τ-trainability, with a declared sufficient rank; if absent, not evaluated.",
        unit="mapping",
        default=None,
    )


class ProbeShape(Settings):
    """How long a probe is, and what its copies start from."""

    steps: int = setting("Training steps of every copy.", unit="steps", ge=1, default=500)
    batch_size: int = setting("Images per step.", unit="images", ge=2, default=128)
    head: Literal["kept", "renewed"] = setting(
        "Keep the last layer, or reinitialise it. The logits of a trained classifier are hundreds of times larger than "
        "the targets: with the head kept, the probe mostly measures that scale.",
        unit="name",
        default="renewed",
    )
    outputs: Literal["raw", "normalised"] = setting(
        "Fit the network's outputs, or the outputs divided by their standard deviation before the first step.",
        unit="name",
        default="raw",
    )
    points: int = setting("Points of the learning curve after the initial loss.", unit="1", ge=1, default=4)

    @property
    def marks(self) -> tuple[int, ...]:
        """Steps before each loss on the learning curve, from 0 on; fewer than asked for where there are fewer steps."""
        return tuple(sorted({round(self.steps * point / self.points) for point in range(self.points + 1)}))


class ProbeTraining(ProbeShape):
    """How a probe trains its copies."""

    learning_rate: float = setting("Learning rate of every copy.", unit="1", gt=0, default=0.001)
    momentum: float = setting("Momentum, for optimizers that have one.", unit="1", ge=0, lt=1, default=0.0)


class ProbeMeasure(ProbeShape, OnImages):
    """Plasticity probe; how well copies of the network fit new random targets (Lyle et al. 2023, section 5.1)."""

    images: int = setting(
        "Images of the task, drawn from the seed, for training and measuring.",
        unit="images",
        ge=2,
        default=1000,
    )
    targets: int = setting("Random targets; one copy of the network is trained on each.", unit="1", ge=1, default=10)
    target: Literal["noise", "labels"] = setting(
        "Smooth noise, sin(10⁵ f(x)) of fresh networks f, or random labels.", unit="name", default="noise"
    )
    optimizer: Annotated[
        Chosen | None,
        chosen("optimizer", "The copies' optimizer; if absent, that of the training that led to the checkpoint."),
    ] = None
    learning_rate: float | None = setting(
        "Learning rate of every copy; if absent, that of the training.", unit="1", default=None, gt=0
    )
    keep: bool = setting("Also store every copy's learning curve, for figures.", unit="1", default=False)
    momentum: float | None = setting(
        "Momentum; if absent, that of the training, or 0 if the probe has its own optimizer.",
        unit="1",
        default=None,
        ge=0,
        lt=1,
    )

    def by(self, training: Optimisation) -> Self:
        """Return the probe with what it leaves to the training behind the checkpoint."""
        of_training = {
            "optimizer": training.optimizer,
            "learning_rate": training.learning_rate,
            "momentum": 0.0 if self.optimizer else training.momentum,
        }
        return self.model_copy(update={key: value for key, value in of_training.items() if getattr(self, key) is None})

    @property
    def training(self) -> ProbeTraining:
        """How the copies are trained; what is left to a training (`by`) has the library's defaults."""
        shared = {key: getattr(self, key) for key in ProbeTraining.model_fields if getattr(self, key) is not None}
        return ProbeTraining(**shared)


class MeasureLandscape(Settings):
    """Measures of the loss landscape around a network; each part adds columns to the table of checkpoints."""

    gradients: GradientMeasure | None = setting(
        "Per-image gradients and their similarity; if absent, not measured.", unit="mapping", default=None
    )
    curvature: CurvatureMeasure | None = setting(
        "Spectra of the Gauss-Newton matrix and the Hessian; if absent, not measured.", unit="mapping", default=None
    )
    probe: ProbeMeasure | None = setting(
        "Plasticity probe: how well copies of the network fit new random targets; if absent, not measured.",
        unit="mapping",
        default=None,
    )

    layers: LayersMeasure | None = setting(
        "Ranks, dead units and weight norm of every hidden layer; if absent, not measured.",
        unit="mapping",
        default=None,
    )

    def by(self, training: Optimisation) -> Self:
        """Return the section with what its probe leaves to the training behind the checkpoint."""
        return self if self.probe is None else self.model_copy(update={"probe": self.probe.by(training)})

    def most_images(self) -> dict[str, int]:
        """Return how many images of a task each part asks for, by its key."""
        hessian = self.curvature and self.curvature.hessian
        parts = {
            "gradients": self.gradients,
            "curvature": self.curvature,
            "curvature.hessian": hessian,
            "probe": self.probe,
            "layers": self.layers,
        }
        return {key: part.images for key, part in parts.items() if part is not None}
