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
    }.items()
}
"""Key of what is asked for -> what measures it, which is a part of a stage's code where the key is given."""

_Threshold = Annotated[float, Field(gt=0)]
_Share = Annotated[float, Field(gt=0, lt=1)]


class OnImages(Settings):
    """A measure of some images, at some of the checkpoints."""

    images: int = setting("Images of the task, drawn from the seed; the same at all checkpoints.", unit="images", ge=2)
    every: int = setting(
        "Measure at the first checkpoint and every so many from it on; in a sequence, tasks are counted.",
        unit="checkpoints",
        ge=1,
        default=1,
    )


class GradientMeasure(OnImages):
    """Gradients of single images, and how alike they are (Lyle et al. 2023, section 3.2)."""

    images: int = setting("Images of the task, drawn from the seed.", unit="images", ge=2, default=512)


class HessianMeasure(OnImages):
    """The Hessian's spectrum, estimated by stochastic Lanczos quadrature."""

    images: int = setting("Images of the task, drawn from the seed.", unit="images", ge=2, default=512)
    probes: int = setting("Random vectors; standard errors are over them.", unit="1", ge=2, default=10)
    steps: int = setting("Products with each vector.", unit="1", ge=2, default=50)


class Trainability(Settings):
    """The condition rank(H) ≥ ρ of τ-trainability (He et al. 2025), with H the Gauss-Newton matrix.

    He et al. leave open what counts as zero, and ρ.
    """

    above: float = setting("Eigenvalues count as rank above this.", unit="1", gt=0)
    of_largest: bool = setting("The threshold is a share of the largest eigenvalue.", unit="1")
    share: float = setting("Rank ρ that is enough, as a share of another rank.", unit="fraction", gt=0, le=1)
    reference: Literal["fresh", "possible"] = setting(
        "The other rank: of a fresh network on the same images, or the largest that the matrix can have.", unit="name"
    )


class CurvatureMeasure(OnImages):
    """The Gauss-Newton matrix's spectrum, exactly, and on demand the Hessian's, estimated."""

    images: int = setting(
        "Images of the task, drawn from the seed, for the Gauss-Newton matrix; cost grows with their cube.",
        unit="images",
        ge=2,
        default=200,
    )
    above: Distinct[_Threshold] = setting(
        "Thresholds of ranks: eigenvalues that are larger in size count.", unit="1", default=(0.001, 0.01, 0.1)
    )
    above_of_largest: Distinct[_Share] = setting(
        "Thresholds of ranks as shares of the largest eigenvalue.", unit="fraction", default=(0.0001, 0.001, 0.01)
    )
    hessian: HessianMeasure | None = setting("The Hessian; absent, not measured.", unit="mapping", default=None)
    trainability: Trainability | None = setting(
        "The condition of He et al.'s τ-trainability, with the rank that is declared to be enough; absent, not asked.",
        unit="mapping",
        default=None,
    )


class ProbeShape(Settings):
    """How long a probe is, and what its copies start from."""

    steps: int = setting("Steps of every copy.", unit="steps", ge=1, default=500)
    batch_size: int = setting("Images per step.", unit="images", ge=2, default=128)
    head: Literal["kept", "renewed"] = setting(
        "Keep the last layer, or draw it anew. A trained classifier's logits are hundreds of times the targets' scale: "
        "with the head kept, the probe measures that scale before anything else.",
        unit="name",
        default="renewed",
    )
    outputs: Literal["raw", "normalised"] = setting(
        "Fit the network's outputs, or these divided by their standard deviation before the first step.",
        unit="name",
        default="raw",
    )
    points: int = setting(
        "Losses on the learning curve after the one before the first step.", unit="1", ge=1, default=4
    )

    @property
    def marks(self) -> tuple[int, ...]:
        """Steps before each loss on the learning curve, from 0 on; fewer than asked for where there are fewer steps."""
        return tuple(sorted({round(self.steps * point / self.points) for point in range(self.points + 1)}))


class ProbeTraining(ProbeShape):
    """How a probe trains its copies."""

    learning_rate: float = setting("Step size of every copy.", unit="1", gt=0, default=0.001)
    momentum: float = setting("Momentum, of an optimizer that has one.", unit="1", ge=0, lt=1, default=0.0)


class ProbeMeasure(ProbeShape, OnImages):
    """Plasticity probe; how well copies of the network fit new random targets (Lyle et al. 2023, section 5.1)."""

    images: int = setting(
        "Images of the task, drawn from the seed, that are trained on and measured on.",
        unit="images",
        ge=2,
        default=1000,
    )
    targets: int = setting("Random targets, a copy of the network for each.", unit="1", ge=1, default=10)
    target: Literal["noise", "labels"] = setting(
        "Smooth noise, sin(10⁵ f(x)) of fresh networks f, or random labels.", unit="name", default="noise"
    )
    optimizer: Annotated[
        Chosen | None, chosen("optimizer", "The copies' optimizer; absent, that of the training behind the checkpoint.")
    ] = None
    learning_rate: float | None = setting(
        "Step size of every copy; absent, that of the training.", unit="1", default=None, gt=0
    )
    momentum: float | None = setting(
        "Momentum; absent, that of the training, or 0 with an optimizer of the probe's own.",
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
    """What is measured of the loss around a network; each part adds columns to the table of checkpoints."""

    gradients: GradientMeasure | None = setting(
        "Gradients of single images and how alike they are; absent, not measured.", unit="mapping", default=None
    )
    curvature: CurvatureMeasure | None = setting(
        "Spectra of the Gauss-Newton matrix and the Hessian; absent, not measured.", unit="mapping", default=None
    )
    probe: ProbeMeasure | None = setting(
        "How well copies of the network fit new random targets; absent, not measured.", unit="mapping", default=None
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
        }
        return {key: part.images for key, part in parts.items() if part is not None}
