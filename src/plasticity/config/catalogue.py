"""What a configuration can name: networks, interventions, penalties, readers and figures.

The functions themselves stand in the registries beside their code, which need torch; this is plain data, so that a
configuration is checked in an instant. To add something of your own, write its function, enter it in its registry and
describe it here: one `Entry`, with a JSON-Schema fragment for every parameter. A `default` is filled in where the
configuration is silent; a parameter that is numeric may be a list in an arm, which then stands for one arm per value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Fragment = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One name that a configuration may use.

    Attributes:
        description: What it is, with its source.
        parameters: JSON-Schema fragment of each parameter, with `description` and `unit`.
        required: Parameters without which it cannot work; the others have a default or may be absent.
    """

    description: str
    parameters: Mapping[str, Fragment] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        """Values of the parameters that a configuration need not give."""
        return {name: fragment["default"] for name, fragment in self.parameters.items() if "default" in fragment}


def _resnet(description: str, *, width: int, max_pool: bool) -> Entry:
    return Entry(
        description=description,
        parameters={
            "width": {
                "type": "integer",
                "minimum": 1,
                "default": width,
                "unit": "channels",
                "description": "Channels of the first of four stages; each further stage has twice as many.",
            },
            "max_pool": {
                "type": "boolean",
                "default": max_pool,
                "unit": "1",
                "description": "Keep the 3×3 max-pool of stride 2 behind the first convolution.",
            },
        },
    )


MODELS: dict[str, Entry] = {
    "resnet18": _resnet("ResNet-18 with a 3×3 stem (Bonifazi et al. 2024).", width=64, max_pool=True),
    "resnet18_narrow": _resnet("The narrow ResNet-18 of Ash & Adams (2020).", width=16, max_pool=False),
    "mlp": Entry(
        description="Fully connected network on flattened images (Bonifazi et al. 2024; Dohare et al. 2024).",
        parameters={
            "hidden": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "integer", "minimum": 1},
                "default": [100, 100, 100],
                "unit": "units",
                "description": "Units of each hidden layer, from the input on.",
            },
            "activation": {
                "type": "string",
                "enum": ["relu", "tanh"],
                "default": "relu",
                "unit": "name",
                "description": "Nonlinearity behind each hidden layer.",
            },
            "initialisation": {
                "type": "string",
                "enum": ["kaiming", "pytorch"],
                "default": "kaiming",
                "unit": "name",
                "description": "Kaiming-uniform without biases, or PyTorch's default, ±1/√fan_in with biases.",
            },
        },
    ),
}

_SMALL = "smaller images are padded to 32 pixels by their border, and there is no dropout"
MODELS |= {
    "resnet18_imagenet": Entry(description=f"torchvision's ResNet-18, 7×7 stem (Hui et al. 2022); {_SMALL}."),
    "resnet50_imagenet": Entry(description=f"torchvision's ResNet-50, 7×7 stem (Hui et al. 2022); {_SMALL}."),
    "densenet201": Entry(description=f"torchvision's DenseNet-201 (Hui et al. 2022); {_SMALL}."),
    "vgg11_bn": Entry(description=f"torchvision's VGG-11 with batch-norm (Hui et al. 2022); {_SMALL}."),
}

INTERVENTIONS: dict[str, Entry] = {
    "shrink_perturb": Entry(
        description="θ ← shrink·θ + perturb·θ_fresh (Ash & Adams 2020).",
        parameters={
            "shrink": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "unit": "1",
                "description": "Factor λ on the trained weights; 0.6 in Bonifazi et al. (2024).",
            },
            "perturb": {
                "type": "number",
                "minimum": 0,
                "unit": "1",
                "description": "Factor B on a freshly initialised network's weights; 0.01 in Bonifazi et al. (2024).",
            },
            "batch_norm": {
                "type": "string",
                "enum": ["keep", "fresh", "recalibrate"],
                "default": "recalibrate",
                "unit": "name",
                "description": "Running statistics: those of the checkpoint, fresh ones, or estimated again.",
            },
        },
        required=("shrink", "perturb"),
    ),
}

PENALTIES: dict[str, Entry] = {
    "none": Entry(description="No penalty: the cross-entropy alone."),
    "nc1": Entry(
        description="NC1 of the batch, Tr(Σ_W Σ_B†)/C (Bonifazi et al. 2024).",
        parameters={
            "weight": {
                "type": "number",
                "unit": "nat",
                "description": "Factor of the term; positive rewards collapse (the paper's text), negative rewards "
                "within-class spread (its code).",
            },
            "cap": {
                "type": "number",
                "exclusiveMinimum": 0,
                "unit": "1",
                "description": "Value above which the term is constant and has no gradient; 200 in the released code.",
            },
        },
        required=("weight",),
    ),
}

_DOWNLOADED: dict[str, Fragment] = {
    "root": {
        "type": "string",
        "minLength": 1,
        "default": "data",
        "unit": "path",
        "description": "Folder of the downloaded files, relative to the repository.",
    },
    "download": {
        "type": "boolean",
        "default": True,
        "unit": "1",
        "description": "Let torchvision download what is not under `root`; its checksums are verified.",
    },
}

_FORM: dict[str, Fragment] = {
    "image_size": {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": {"type": "integer", "minimum": 1},
        "unit": "pixels",
        "description": "Height and width to resize all images to; absent, all images must have one size.",
    },
    "channels": {
        "type": "integer",
        "enum": [1, 3],
        "unit": "channels",
        "description": "Convert all images to grayscale (1) or RGB (3); absent, they stay as they are.",
    },
}


def _path(description: str) -> Fragment:
    return {"type": "string", "minLength": 1, "unit": "path", "description": description}


def _column(name: str, description: str) -> Fragment:
    return {"type": "string", "minLength": 1, "default": name, "unit": "name", "description": description}


READERS: dict[str, Entry] = {
    "digits": Entry(description="scikit-learn's 1,797 handwritten digits, 8×8 pixels; embedded, no download."),
    "cifar10": Entry(description="CIFAR-10 (Krizhevsky 2009).", parameters=_DOWNLOADED),
    "cifar100": Entry(description="CIFAR-100 with its fine classes (Krizhevsky 2009).", parameters=_DOWNLOADED),
    "mnist": Entry(description="MNIST (LeCun et al. 1998).", parameters=_DOWNLOADED),
    "fashion_mnist": Entry(description="Fashion-MNIST (Xiao et al. 2017).", parameters=_DOWNLOADED),
    "svhn": Entry(description="Cropped SVHN (Netzer et al. 2011).", parameters=_DOWNLOADED),
    "stl10": Entry(description="The labelled part of STL-10 (Coates et al. 2011).", parameters=_DOWNLOADED),
    "image_folder": Entry(
        description="Two folders of images, one subfolder per class.",
        parameters={
            "train": _path("Folder of the training images, relative to the repository."),
            "test": _path("Folder of the test images, relative to the repository."),
            **_FORM,
        },
        required=("train", "test"),
    ),
    "parquet": Entry(
        description="Two Parquet files with one encoded image and one label per row.",
        parameters={
            "train": _path("File of the training images, relative to the repository."),
            "test": _path("File of the test images, relative to the repository."),
            "image_column": _column("image", "Column of the encoded images."),
            "label_column": _column("label", "Column of the integer labels, counted from 0."),
            **_FORM,
        },
        required=("train", "test"),
    ),
}

WARM_START_FIGURES: dict[str, Entry] = {
    "correlation_windows": Entry(description="Correlation of collapse with accuracy in sliding windows."),
    "accuracy_by_warm_up": Entry(description="Test accuracy after fine-tuning by warm-up length, per arm."),
    "collapse_and_accuracy_all": Entry(description="NC1 to NC4 against accuracy, whole warm-up."),
    "collapse_and_accuracy_first_phase": Entry(description="NC1 to NC4 against accuracy, first phase."),
    "collapse_and_accuracy_second_phase": Entry(description="NC1 to NC4 against accuracy, second phase."),
    "collapse_by_warm_up": Entry(description="NC1 to NC4 by warm-up length, per arm."),
    "training_curves": Entry(description="Loss and accuracy by epoch of warm-up and fine-tuning."),
    "plasticity_gap": Entry(description="Test accuracy lost against a random-init network, by warm-up length."),
    "partial_correlations": Entry(description="Correlation of collapse with accuracy given the training length."),
    "dose_response": Entry(description="NC1 and accuracy against the dose of a penalty or of weight decay."),
    "causal_estimates": Entry(description="What NC1 explains beyond training length, and what passes through it."),
}

PERMUTED_FIGURES: dict[str, Entry] = {
    "accuracy_and_collapse_by_task": Entry(description="Online accuracy and NC1 over the tasks."),
    "first_task_length": Entry(description="NC1 and two definitions of plasticity loss by epochs on the first task."),
    "first_task_collapse": Entry(
        description="Accuracy on the second task by NC1 at which, and epochs after which, the first ended."
    ),
    "correlation_by_task": Entry(
        description="Correlation across runs of first-task collapse and length with each later task."
    ),
    "plasticity_by_task": Entry(description="Online accuracy lost against a fresh network, over the tasks, per arm."),
    "task_correlations": Entry(
        description="Correlation of collapse with accuracy over the tasks, plain, partial and of differences."
    ),
    "task_causal_estimates": Entry(
        description="What NC1 explains of the next task beyond training, and what passes through it."
    ),
}

TRAIN_TEST_FIGURES: dict[str, Entry] = {
    "variances_by_iteration": Entry(description="Train, strong and weak test variance over the iterations, per arm."),
    "variances_by_layer": Entry(description="Train variance of every hidden layer over the iterations, per arm."),
    "transfer_by_variance": Entry(
        description="Test accuracy on the next task against the train variance of the checkpoint it started from."
    ),
    "collapse_and_transfer": Entry(
        description="NC1 and train variance of the same checkpoints against accuracy on the next task, by weight decay."
    ),
    "variances_by_train_size": Entry(description="Train and test variances at the end by number of training images."),
}
