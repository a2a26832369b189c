"""A configuration is refused as a whole, in one message that says key, value, expectation and nearest name."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from plasticity.config.arms import expand_arm
from plasticity.config.findings import ConfigError
from plasticity.errors import PlasticityError
from plasticity.studies.__main__ import main
from plasticity.studies.configuration import load_config, typed_config
from plasticity.studies.warm_start.section import WarmStartSection

ROOT = Path(__file__).resolve().parents[2]
REMOVE = object()


DEMO = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def demo() -> dict[str, Any]:
    return deepcopy(DEMO)


def overlaid(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Merge as Snakemake does: mappings deeply, everything else replaced."""
    for key, value in overlay.items():
        base[key] = overlaid(base.get(key) or {}, value) if isinstance(value, dict) else value
    return base


def base() -> dict[str, Any]:
    """Return the demonstration with lengths of its own, so that tuning the one does not break the tests."""
    lengths = {"warm_up": {"epochs": 48, "checkpoint_every": 8}, "analysis": {"window": 32, "phase_boundary": 24}}
    return overlaid(demo(), {"warm_start": lengths})


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return the base with values put at dotted keys, or taken away."""
    config = base()
    for path, value in changes:
        section: Any = config
        *parents, last = path.split(".")
        for parent in parents:
            section = section.setdefault(parent, {})
        if value is REMOVE:
            del section[last]
        else:
            section[last] = value
    return config


def violations(*changes: tuple[str, Any], root: Path = ROOT) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(changed(*changes), root=root)
    return caught.value.violations


# Each case: what stands where, the key that the message names, and what else it says.
WS = "warm_start"
PM = "permuted"
NARROW = {"name": "resnet18_narrow", "width": 8}
TT = "train_test_collapse"
CASES: dict[str, tuple[str, Any, str, tuple[str, ...]]] = {
    "permuted baseline listed": (f"{PM}.arms.random_init", {}, f"{PM}.arms.random_init", ("always run",)),
    "one image for batch normalisation": (
        f"{PM}.arms.continual",
        {"model": {"name": "resnet18"}, "following": {"batch_size": 2}},
        f"{PM}.arms.continual.first_task.batch_size",
        ("at least 2 images with the network resnet18", "got 1"),
    ),
    "units of a transformer": (
        f"{PM}.arms.continual",
        {"model": {"name": "vit"}, "following": {"hooks": [{"name": "redo", "every": 10}]}},
        f"{PM}.arms.continual.following.hooks[0]",
        ("a network whose hidden units", "with the hook redo", "got the network vit"),
    ),
    "units that are not of the hook": (
        f"{PM}.arms.continual",
        {"model": {"name": "mlp", "activation": "tanh"}, "following": {"hooks": [{"name": "redo", "every": 10}]}},
        f"{PM}.arms.continual.following.hooks[0]",
        ("the activation relu with the hook redo", "got tanh of the network mlp"),
    ),
    "two outputs of a unit": (
        f"{PM}.arms.continual",
        {
            "model": {"name": "convnet_lyle", "activation": "crelu"},
            "following": {
                "hooks": [
                    {"name": "perturb", "shrink": 1, "perturb": 0.1},
                    {"name": "continual_backprop", "replacement_rate": 0.1},
                ]
            },
        },
        f"{PM}.arms.continual.following.hooks[1]",
        (
            "relu or leaky_relu or tanh or gelu with the hook continual_backprop",
            "got crelu of the network convnet_lyle",
        ),
    ),
    "optimizer without a state to reset": (
        f"{PM}.arms.continual",
        {"intervention": {"name": "reset_optimizer"}},
        f"{PM}.arms.continual.intervention",
        ("an optimizer that keeps a state", "got sgd without momentum"),
    ),
    "new optimizer in any case": (
        f"{WS}.arms.warm_start.intervention",
        {"name": "reset_optimizer"},
        f"{WS}.arms.warm_start.intervention",
        ("an intervention on weights", "got reset_optimizer"),
    ),
    "head renewed in any case": (
        PM,
        {
            **demo()[PM],
            "tasks": {"name": "class_pairs", "renew_head": "fresh"},
            "arms": {"continual": {"intervention": {"name": "reset_head"}}},
        },
        f"{PM}.arms.continual.intervention",
        ("no intervention on the head", "renew_head: fresh"),
    ),
    "hidden layers of Muon": (
        f"{PM}.arms.continual",
        {"model": {"name": "logistic_regression"}, "following": {"batch_size": 2, "optimizer": {"name": "muon"}}},
        f"{PM}.arms.continual.following.optimizer",
        ("a network with hidden layers", "got the network logistic_regression"),
    ),
    "more last layers than there are": (
        f"{PM}.arms.continual.following",
        {"hooks": [{"name": "effective_rank_ascent", "learning_rate": 0.1, "every": 7, "last": 9}]},
        f"{PM}.arms.continual.following.hooks[0].last",
        ("at most the 3 hidden layers", "got 9"),
    ),
    "penalty of one image": (
        f"{PM}.first_task.penalty",
        {"name": "nc1", "weight": 0.05},
        f"{PM}.first_task.batch_size",
        ("at least 2 images", "got 1"),
    ),
    "an arm's penalty of one image": (
        f"{PM}.arms.continual.following",
        {"penalty": {"name": "nc1", "weight": [0.05, -0.05]}},
        f"{PM}.arms.continual.following.batch_size",
        ("at least 2 images",),
    ),
    "decay beyond zero": (f"{PM}.following.weight_decay", 100, f"{PM}.following.weight_decay", ("less than 100",)),
    "length and threshold": (
        f"{PM}.arms.first_task_collapse.first_task.epochs",
        3,
        f"{PM}.arms.first_task_collapse.first_task.epochs",
        ("either epochs or nc1_below", "both"),
    ),
    "intervention after nothing": (
        f"{PM}.arms.continual.intervene_after",
        "every_task",
        f"{PM}.arms.continual.intervene_after",
        ("an intervention as well",),
    ),
    "permuted figure": (f"{PM}.figures.plasticity_gap", {}, f"{PM}.figures.plasticity_gap", ("plasticity_by_task",)),
    "permuted arms of one name": (
        f"{PM}.arms.first_task_length_5",
        {"first_task": {"learning_rate": 0.1}},
        f"{PM}.arms.first_task_length_5",
        ("a name that no other arm gets",),
    ),
    "a class in two super-classes": (
        f"{TT}.arms.cascade.super_classes",
        [[0, 1], [1, 2]],
        f"{TT}.arms.cascade.super_classes[1]",
        ("classes of no other super-class", "got 1"),
    ),
    "one super-class": (
        f"{TT}.arms.cascade.super_classes",
        [[0, 1]],
        f"{TT}.arms.cascade.super_classes",
        ("a list of 2 or more",),
    ),
    "unknown annealing": (f"{TT}.training.annealing", "cosin", f"{TT}.training.annealing", ("cosine", "'cosin'")),
    "no learning rate": (f"{TT}.next_task.learning_rates", [], f"{TT}.next_task.learning_rates", ("1 or more",)),
    "no iterations": (f"{TT}.training.iterations", 0, f"{TT}.training.iterations", (">= 1", "got 0")),
    "network of an arm": (
        f"{TT}.arms.cascade.model",
        {"name": "resnet81"},
        f"{TT}.arms.cascade.model.name",
        ("did you mean 'resnet18'?",),
    ),
    "figure of another study": (
        f"{TT}.figures.plasticity_by_task",
        {},
        f"{TT}.figures.plasticity_by_task",
        ("variances_by_layer",),
    ),
    "train-test arms of one name": (
        f"{TT}.arms",
        {"size": {"train_size": [10, 20]}, "size_10": {}},
        f"{TT}.arms.size_10",
        ("a name that no other arm gets",),
    ),
    "no seeds in a job": ("jobs.seeds_per_job", 0, "jobs.seeds_per_job", (">= 1",)),
    "unknown section": (
        "warm_strat",
        {},
        "warm_strat",
        (
            "dataset, warm_start, permuted, train_test_collapse, agents, locomotion, random_labels, studies, jobs",
            "did you mean 'warm_start'?",
        ),
    ),
    "unknown key": (
        f"{WS}.warm_up.learning_rat",
        0.1,
        f"{WS}.warm_up.learning_rat",
        ("did you mean 'learning_rate'?",),
    ),
    "key of another section": (f"{WS}.epochs", 8, f"{WS}.epochs", ("did you mean 'warm_start.warm_up.epochs'?",)),
    "missing key": (f"{WS}.seeds", REMOVE, f"{WS}.seeds", ("a list of 1 or more different", "got nothing")),
    "missing section": ("jobs", REMOVE, "jobs", ("a mapping", "got nothing")),
    "section is a list": ("dataset", [1], "dataset", ("a mapping", "got [1]")),
    "section is null": (f"{WS}.fine_tune", None, f"{WS}.fine_tune", ("a mapping", "got null")),
    "key is a boolean": (WS, {**base()[WS], False: 1}, f"{WS}.false", ("a key that is text", "YAML reads yes, no")),
    "key is a number": (WS, {**base()[WS], 7: 1}, f"{WS}.7", ("a key that is text", "got 7", "put it in quotes")),
    "no seeds": (f"{WS}.seeds", [], f"{WS}.seeds", ("a list of 1 or more", "got []")),
    "seed twice": (f"{WS}.seeds", [7, 7], f"{WS}.seeds", ("different values", "got [7, 7]")),
    "seed negative": (f"{WS}.seeds", [7, -1], f"{WS}.seeds[1]", ("an integer >= 0", "got -1")),
    "seed is a scalar": (f"{WS}.seeds", 7, f"{WS}.seeds", ("a list", "got 7", "write [7]")),
    "seed is a boolean": (f"{WS}.seeds", [True], f"{WS}.seeds[0]", ("an integer", "got true", "YAML reads yes")),
    "size zero": (f"{WS}.train_size", 0, f"{WS}.train_size", ("an integer >= 1 or null", "got 0")),
    "size fractional": (f"{WS}.test_size", 0.5, f"{WS}.test_size", ("an integer >= 1 or null", "got 0.5")),
    "size None as text": (f"{WS}.train_size", "None", f"{WS}.train_size", ("got 'None'", "write null")),
    "fraction one": (f"{WS}.warm_up_fraction", 1, f"{WS}.warm_up_fraction", ("a number > 0 and < 1", "got 1")),
    "fraction in percent": (f"{WS}.warm_up_fraction", 50, f"{WS}.warm_up_fraction", ("> 0 and < 1", "got 50")),
    "epochs as float": (f"{WS}.warm_up.epochs", 48.0, f"{WS}.warm_up.epochs", ("an integer", "got 48.0", "write 48")),
    "epochs negative": (f"{WS}.warm_up.epochs", -8, f"{WS}.warm_up.epochs", ("an integer >= 0", "got -8")),
    "exponent read as text": (
        f"{WS}.warm_up.learning_rate",
        yaml.safe_load("1e-3"),
        f"{WS}.warm_up.learning_rate",
        ("a number > 0", "got '1e-3'", "YAML reads 1e-3 as text, write 0.001"),
    ),
    "small exponent read as text": (
        f"{WS}.fine_tune.weight_decay",
        "1e-5",
        f"{WS}.fine_tune.weight_decay",
        ("got '1e-5'", "write 1.0e-05"),
    ),
    "whole exponent read as text": (f"{WS}.fine_tune.max_epochs", "1e2", f"{WS}.fine_tune.max_epochs", ("write 100",)),
    "number in quotes": (f"{WS}.warm_up.momentum", "0.9", f"{WS}.warm_up.momentum", ("got '0.9'", "remove the quotes")),
    "number is text": (f"{WS}.warm_up.momentum", "high", f"{WS}.warm_up.momentum", (">= 0 and < 1", "got 'high'")),
    "number is a boolean": (
        f"{WS}.warm_up.weight_decay",
        yaml.safe_load("no"),
        f"{WS}.warm_up.weight_decay",
        ("false",),
    ),
    "not a number": (f"{WS}.fine_tune.learning_rate", float("nan"), f"{WS}.fine_tune.learning_rate", ("nan", "finite")),
    "infinite": (f"{WS}.fine_tune.learning_rate", float("inf"), f"{WS}.fine_tune.learning_rate", ("inf", "finite")),
    "infinite as text": (f"{WS}.fine_tune.momentum", "inf", f"{WS}.fine_tune.momentum", ("'inf'", "only finite")),
    "beyond float64": (
        f"{WS}.fine_tune.weight_decay",
        10**400,
        f"{WS}.fine_tune.weight_decay",
        ("a number", "got inf"),
    ),
    "beyond printing": (f"{WS}.seeds", [10**9999], f"{WS}.seeds[0]", ("an integer >= 0", "got inf")),
    "momentum one": (f"{WS}.fine_tune.momentum", 1.0, f"{WS}.fine_tune.momentum", (">= 0 and < 1", "got 1.0")),
    "batch of one": (f"{WS}.warm_up.batch_size", 1, f"{WS}.warm_up.batch_size", ("an integer >= 2", "got 1")),
    "switch in quotes": (f"{WS}.measure.train_mode_nc1", "yes", f"{WS}.measure.train_mode_nc1", ("remove the quotes",)),
    "switch is a number": (f"{WS}.measure.train_mode_nc1", 1, f"{WS}.measure.train_mode_nc1", ("write true or false",)),
    "name is a boolean": ("dataset.reader", yaml.safe_load("no"), "dataset.reader", ("text", "got false", "in quotes")),
    "name is a number": ("dataset.name", 10, "dataset.name", ("text", "got 10", "put it in quotes")),
    "name is a date": ("dataset.name", yaml.safe_load("2024-05-01"), "dataset.name", ("text", "put it in quotes")),
    "name with a slash": ("dataset.name", "a/b", "dataset.name", ("matches ^[a-z0-9][a-z0-9_.-]*$", "got 'a/b'")),
    "name with a line break": ("dataset.name", "digits\n", "dataset.name", ("matches", "got 'digits\\n'")),
    "unknown reader": (
        "dataset.reader",
        "cifar_10",
        "dataset.reader",
        ("cifar10, cifar100", "did you mean 'cifar10'?"),
    ),
    "option of another reader": ("dataset.root", "data", "dataset.root", ("no option of digits", "unknown key 'root'")),
    "normalise without std": ("dataset.normalise", {"mean": [0.5]}, "dataset.normalise.std", ("> 0", "got nothing")),
    "normalise by zero": (
        "dataset.normalise",
        {"mean": [0.5], "std": [0]},
        "dataset.normalise.std[0]",
        ("a number > 0", "got 0"),
    ),
    "normalise uneven": (
        "dataset.normalise",
        {"mean": [0.5, 0.5], "std": [1]},
        "dataset.normalise.std",
        ("a number per channel, 2 as in mean", "got [1]"),
    ),
    "unknown model": (f"{WS}.model.name", "resnet_18", f"{WS}.model.name", ("mlp", "did you mean 'resnet18'?")),
    "unknown option of a model": (
        f"{WS}.model",
        {**NARROW, "maxpool": True},
        f"{WS}.model.maxpool",
        ("a key of resnet18_narrow (width, max_pool)", "did you mean 'max_pool'?"),
    ),
    "option of another model": (
        f"{WS}.model",
        {"name": "mlp", "width": 8},
        f"{WS}.model.width",
        ("a key of mlp (hidden, activation, initialisation, layer_norm",),
    ),
    "model width zero": (f"{WS}.model", {**NARROW, "width": 0}, f"{WS}.model.width", ("an integer >= 1", "got 0")),
    "unknown activation": (
        f"{WS}.model",
        {"name": "mlp", "activation": "relo"},
        f"{WS}.model.activation",
        ("one of relu, leaky_relu, tanh", "got 'relo'", "did you mean 'relu'?"),
    ),
    "no hidden layer": (f"{WS}.model", {"name": "mlp", "hidden": []}, f"{WS}.model.hidden", ("1 or more", "got []")),
    "unknown penalty": (f"{WS}.warm_up.penalty.name", "nc_1", f"{WS}.warm_up.penalty.name", ("nc1, none", "'nc1'?")),
    "penalty without weight": (
        f"{WS}.warm_up.penalty",
        {"name": "nc1"},
        f"{WS}.warm_up.penalty.weight",
        ("a number", "got nothing"),
    ),
    "option of no penalty": (f"{WS}.warm_up.penalty.cap", 2, f"{WS}.warm_up.penalty.cap", ("no option of none",)),
    "list outside arms": (
        f"{WS}.warm_up.penalty",
        {"name": "nc1", "weight": [1, 2]},
        f"{WS}.warm_up.penalty.weight",
        ("a number", "got [1, 2]"),
    ),
    "cap zero": (
        f"{WS}.arms.nc1_spread.warm_up.penalty.cap",
        0,
        f"{WS}.arms.nc1_spread.warm_up.penalty.cap",
        ("a number > 0 or a list", "got 0"),
    ),
    "arm without mapping": (f"{WS}.arms.warm_start", "plain", f"{WS}.arms.warm_start", ("a mapping", "got 'plain'")),
    "arm in capitals": (f"{WS}.arms.Mine", {}, f"{WS}.arms.Mine", ("a name that matches ^[a-z][a-z0-9_]*$", "'Mine'")),
    "no arms": (f"{WS}.arms", {}, f"{WS}.arms", ("a mapping that is not empty", "got {}")),
    "cadence of an arm": (
        f"{WS}.arms.warm_start",
        {"warm_up": {"checkpoint_every": 4}},
        f"{WS}.arms.warm_start.warm_up.checkpoint_every",
        ("a key of warm_start.arms.warm_start.warm_up", "did you mean 'warm_start.warm_up.checkpoint_every'?"),
    ),
    "empty list in an arm": (
        f"{WS}.arms.weight_decay.warm_up.weight_decay",
        [],
        f"{WS}.arms.weight_decay.warm_up.weight_decay",
        ("a number >= 0 or a list of 1 or more", "got []"),
    ),
    "bad value in a list": (
        f"{WS}.arms.weight_decay.warm_up.weight_decay",
        [0.1, "1e-3"],
        f"{WS}.arms.weight_decay.warm_up.weight_decay[1]",
        ("a number >= 0", "got '1e-3'", "write 0.001"),
    ),
    "value twice in a list": (
        f"{WS}.arms.weight_decay.warm_up.weight_decay",
        [1, 1.0],
        f"{WS}.arms.weight_decay.warm_up.weight_decay",
        ("different values", "got [1, 1.0]"),
    ),
    "list of epochs": (
        f"{WS}.arms.warm_start",
        {"warm_up": {"epochs": [8, 16]}},
        f"{WS}.arms.warm_start.warm_up.epochs",
        ("an integer >= 0", "got [8, 16]"),
    ),
    "unknown intervention": (
        f"{WS}.arms.shrink_perturb.intervention.name",
        "shrink_and_perturb",
        f"{WS}.arms.shrink_perturb.intervention.name",
        ("shrink_perturb, got", "did you mean 'shrink_perturb'?"),
    ),
    "shrink above one": (
        f"{WS}.arms.shrink_perturb.intervention.shrink",
        [0.5, 1.5],
        f"{WS}.arms.shrink_perturb.intervention.shrink[1]",
        ("a number >= 0 and <= 1", "got 1.5"),
    ),
    "perturb missing": (
        f"{WS}.arms.shrink_perturb.intervention.perturb",
        REMOVE,
        f"{WS}.arms.shrink_perturb.intervention.perturb",
        ("a number >= 0", "got nothing"),
    ),
    "batch norm misspelt": (
        f"{WS}.arms.shrink_perturb.intervention.batch_norm",
        "recalibrated",
        f"{WS}.arms.shrink_perturb.intervention.batch_norm",
        ("one of keep, fresh, recalibrate", "did you mean 'recalibrate'?"),
    ),
    "batch norm as a list": (
        f"{WS}.arms.shrink_perturb.intervention.batch_norm",
        ["keep", "fresh"],
        f"{WS}.arms.shrink_perturb.intervention.batch_norm",
        ("one of keep, fresh, recalibrate", "got ['keep', 'fresh']"),
    ),
    "epochs below the cadence": (
        f"{WS}.arms.nc1_spread.warm_up.epochs",
        4,
        f"{WS}.arms.nc1_spread.warm_up.epochs",
        ("0 or at least checkpoint_every, 8", "got 4"),
    ),
    "epochs off the cadence": (
        f"{WS}.warm_up.epochs",
        50,
        f"{WS}.warm_up.epochs",
        ("a multiple of checkpoint_every, 8, so that the last epochs have a checkpoint", "got 50", "write 48 or 56"),
    ),
    "arm off the cadence": (
        f"{WS}.arms.nc1_spread.warm_up.epochs",
        20,
        f"{WS}.arms.nc1_spread.warm_up.epochs",
        ("a multiple of checkpoint_every, 8", "got 20", "write 16 or 24"),
    ),
    "no baseline": (
        f"{WS}.arms.random_init",
        REMOVE,
        f"{WS}.arms.random_init",
        ("warm_up: {epochs: 0}", "got nothing"),
    ),
    "baseline taken back": (f"{WS}.arms.random_init", None, f"{WS}.arms.random_init", ("the baseline", "got nothing")),
    "baseline misspelt": (
        f"{WS}.arms",
        {"random_initt": {"warm_up": {"epochs": 0}}, "warm_start": {}},
        f"{WS}.arms.random_init",
        ("got nothing", "did you mean 'random_initt'?"),
    ),
    "baseline trained": (
        f"{WS}.arms.random_init.warm_up.epochs",
        8,
        f"{WS}.arms.random_init.warm_up.epochs",
        ("0 in the baseline", "got 8"),
    ),
    "baseline intervened": (
        f"{WS}.arms.random_init.intervention",
        {"name": "shrink_perturb", "shrink": 1, "perturb": 0},
        f"{WS}.arms.random_init.intervention",
        ("no intervention in the baseline", "got 'shrink_perturb'"),
    ),
    "baseline with a list": (
        f"{WS}.arms.random_init.warm_up",
        {"epochs": 0, "learning_rate": [0.1]},
        f"{WS}.arms.random_init",
        ("a single arm, without lists", "got a list"),
    ),
    "arms coincide": (
        f"{WS}.arms.again",
        {"label": "under another label", "warm_up": {"momentum": 0}},
        f"{WS}.arms.again",
        ("an arm that differs from every other", "got 'again', which does what 'warm_start' does"),
    ),
    "arms coincide by a default": (
        f"{WS}.arms.again",
        {"intervention": {"name": "shrink_perturb", "shrink": 0.6, "perturb": 0.01}},
        f"{WS}.arms.again",
        ("which does what 'shrink_perturb' does",),
    ),
    "arms coincide without training": (
        f"{WS}.arms.again",
        {"warm_up": {"epochs": 0, "learning_rate": 0.9}},
        f"{WS}.arms.again",
        ("which does what 'random_init' does",),
    ),
    "arms coincide by a list": (
        f"{WS}.arms.weight_decay.warm_up.weight_decay",
        [0.0, 0.1],
        f"{WS}.arms.weight_decay",
        ("got 'weight_decay_0.0', which does what 'warm_start' does",),
    ),
    "labels collide": (
        f"{WS}.arms.nc1_spread.label",
        "warm start",
        f"{WS}.arms.nc1_spread.label",
        ("a label that no other arm has, as 'warm_start' has it", "got 'warm start'"),
    ),
    "a seed beyond 64 bits": (f"{WS}.seeds", [1, 2**63], f"{WS}.seeds[1]", ("<= 9223372036854775807",)),
    "names collide": (
        f"{WS}.arms",
        {
            "random_init": {"warm_up": {"epochs": 0}},
            "size": {"warm_up": {"batch_size": [16, 64]}},
            "size_16": {"warm_up": {"batch_size": 128}},
        },
        f"{WS}.arms.size_16",
        ("a name that no other arm gets", "got 'size_16' twice, also from arm 'size'"),
    ),
    "window too short": (
        f"{WS}.analysis.window",
        16,
        f"{WS}.analysis.window",
        ("24 (three checkpoints) to 48", "got 16"),
    ),
    "window too long": (
        f"{WS}.analysis.window",
        56,
        f"{WS}.analysis.window",
        ("to 48 (the longest warm-up)", "got 56"),
    ),
    "boundary too late": (f"{WS}.analysis.phase_boundary", 48, f"{WS}.analysis.phase_boundary", ("8 to 40", "got 48")),
    "boundary too early": (f"{WS}.analysis.phase_boundary", 7, f"{WS}.analysis.phase_boundary", ("8 to 40", "got 7")),
    "too few checkpoints": (f"{WS}.warm_up.checkpoint_every", 24, f"{WS}.warm_up.epochs", ("at least 72", "got 48")),
    "confidence in percent": (f"{WS}.analysis.confidence", 95, f"{WS}.analysis.confidence", ("> 0 and < 1", "got 95")),
    "unknown outcome": (
        f"{WS}.analysis.outcomes",
        ["plasticity"],
        f"{WS}.analysis.outcomes[0]",
        ("one of full_test_accuracy", "did you mean 'plasticity_gap'?"),
    ),
    "unknown figure": (
        f"{WS}.figures.training_curve",
        {},
        f"{WS}.figures.training_curve",
        ("did you mean 'training_curves'?",),
    ),
    "unknown style": (
        f"{WS}.figures.training_curves",
        {"heights": 3},
        f"{WS}.figures.training_curves.heights",
        ("width, height, log_y, font_size", "did you mean 'height'?"),
    ),
    "style out of range": (
        f"{WS}.figures.training_curves",
        {"width": 170},
        f"{WS}.figures.training_curves.width",
        ("a number >= 2 and <= 30", "got 170"),
    ),
    "missing file": (
        "dataset",
        {"name": "mine", "reader": "parquet", "train": "config.yaml", "test": "no/such.parquet"},
        "dataset.test",
        ("an existing path", "got 'no/such.parquet'"),
    ),
    "impossible file": (
        "dataset",
        {"name": "mine", "reader": "image_folder", "train": "src", "test": "x" * 5000},
        "dataset.test",
        ("an existing path", "got 'xxx"),
    ),
    "missing root": (
        "dataset",
        {"name": "mine", "reader": "cifar10", "root": "no/such", "download": False},
        "dataset.root",
        ("an existing path; or download: true", "got 'no/such'"),
    ),
    "reader's file not named": (
        "dataset",
        {"name": "mine", "reader": "parquet", "train": "config.yaml"},
        "dataset.test",
        ("text that is not empty", "got nothing"),
    ),
    "channels": (
        "dataset",
        {"name": "mine", "reader": "image_folder", "train": "src", "test": "src", "channels": 4},
        "dataset.channels",
        ("one of 1, 3", "got 4"),
    ),
    "no fine-tunings": ("jobs.fine_tunings_per_job", 0, "jobs.fine_tunings_per_job", ("an integer >= 1", "got 0")),
}


@pytest.mark.parametrize(("place", "value", "key", "says"), CASES.values(), ids=CASES.keys())
def test_malformed(place: str, value: Any, key: str, says: tuple[str, ...]) -> None:
    (line,) = violations((place, value))
    assert line.startswith(f"{key}: expected ")
    assert "\n" not in line
    for words in ("got ", *says):
        assert words in line


def test_every_violation_comes_in_one_message() -> None:
    found = violations(
        (f"{WS}.seeds", [-1]),
        (f"{WS}.warm_up.learning_rate", "1e-3"),
        (f"{WS}.warm_up.epochs", 50),
        (f"{WS}.arms.shrink_perturb.intervention.shrink", 2),
        (f"{WS}.arms.random_init", None),
        ("dataset", {"name": "mine", "reader": "parquet", "train": "no/such", "test": "no/other"}),
        ("job", 1),
    )
    keys = {line.split(":")[0].removeprefix(f"{WS}.") for line in found}
    assert keys == {
        "seeds[0]",
        "warm_up.learning_rate",
        "warm_up.epochs",
        "arms.shrink_perturb.intervention.shrink",
        "arms.random_init",
        "dataset.train",
        "dataset.test",
        "job",
    }
    assert len(found) == len(keys)


def test_error_is_for_the_user_and_holds_its_lines() -> None:
    with pytest.raises(PlasticityError) as caught:
        load_config(changed(("jobs", REMOVE), (f"{WS}.seeds", [])), root=ROOT)
    assert isinstance(caught.value, ConfigError)
    assert str(caught.value).splitlines() == list(caught.value.violations)


@pytest.mark.parametrize("junk", [None, 3, "text", [], [("dataset", 1)]], ids=str)
def test_no_mapping_at_all(junk: Any) -> None:
    with pytest.raises(ConfigError, match="configuration: expected a mapping, got"):
        load_config(junk, root=ROOT)


def test_demonstration_passes_and_is_not_touched() -> None:
    given_config = demo()
    load_config(given_config, root=ROOT)["warm_start"]["seeds"].append(99)
    assert given_config == demo()


@pytest.mark.parametrize("preset", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.stem)
def test_preset_passes(preset: Path, tmp_path: Path) -> None:
    overlay = yaml.safe_load(preset.read_text(encoding="utf-8"))
    (tmp_path / overlay.get("dataset", {}).get("root", "")).mkdir(parents=True, exist_ok=True)  # files that users have
    config = load_config(overlaid(demo(), overlay), root=tmp_path)
    assert config["dataset"]["name"] == overlay.get("dataset", demo()["dataset"])["name"]


def _expanded(arms: dict[str, Any]) -> dict[str, Any]:
    return {name: single for given, arm in arms.items() for name, single in expand_arm(given, arm)}


def test_units_of_a_network_that_has_none_by_themselves_are_not_renewed() -> None:
    (line,) = violations((f"{WS}.model", NARROW), (f"{WS}.fine_tune.hooks", [{"name": "redo", "every": 10}]))
    assert line.startswith(f"{WS}.fine_tune.hooks[0]: expected a network whose hidden units are read by the next layer")
    assert line.endswith("got the network resnet18_narrow")


def test_paper_preset_is_the_papers() -> None:
    overlay = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text(encoding="utf-8"))
    study = load_config(overlaid(demo(), overlay), root=ROOT)["warm_start"]
    arms = _expanded(study["arms"])
    plain = {"learning_rate": 0.001, "momentum": 0.0, "weight_decay": 0.0, "batch_size": 128}
    plain |= {"optimizer": {"name": "sgd", "nesterov": False}}
    assert {key: study["warm_up"][key] for key in plain} == plain
    assert study["fine_tune"] == {**plain, "stop_accuracy": 0.99, "max_epochs": 100}
    assert study["model"] == {"name": "resnet18", "width": 64, "max_pool": True}
    lengths = {name: arm.get("warm_up", {}).get("epochs", study["warm_up"]["epochs"]) for name, arm in arms.items()}
    assert lengths == {
        "random_init": 0,
        "warm_start": 350,
        "shrink_perturb": 350,
        "nc1_spread": 150,
        "nc1_collapse": 150,
        "weight_decay_0.001": 150,
        "weight_decay_0.01": 150,
        "weight_decay_0.1": 150,
    }
    assert arms["nc1_spread"]["warm_up"]["penalty"] == {"name": "nc1", "weight": -0.05, "cap": 200}


def test_null_removes_what_is_optional() -> None:
    config = load_config(
        changed(
            (f"{WS}.arms.weight_decay", None),
            (f"{WS}.arms.nc1_spread.warm_up.penalty.cap", None),
            (f"{WS}.arms.shrink_perturb.intervention.batch_norm", None),
            (f"{WS}.figures.plasticity_gap", None),
            (f"{WS}.figures.training_curves", {"width": None}),
            (f"{WS}.model", {"name": "mlp", "width": None}),
            ("dataset.normalise", None),
        ),
        root=ROOT,
    )
    study = config[WS]
    assert "weight_decay" not in study["arms"]
    assert study["arms"]["nc1_spread"]["warm_up"]["penalty"] == {"name": "nc1", "weight": -0.05}
    assert study["arms"]["shrink_perturb"]["intervention"]["batch_norm"] == "recalibrate"
    assert "plasticity_gap" not in study["figures"]
    assert study["figures"]["training_curves"] == {}
    assert "normalise" not in config["dataset"]
    assert study["test_size"] is None


def test_documented_defaults_are_filled_in() -> None:
    configs = [load_config(changed((f"{WS}.model", {"name": "mlp"})), root=ROOT) for _ in range(2)]
    usual = {"activation": "relu", "initialisation": "kaiming", "layer_norm": False, "spectral_norm": False}
    assert configs[0][WS]["model"] == {"name": "mlp", "hidden": [100, 100, 100], **usual}
    configs[0][WS]["model"]["hidden"].append(5)
    assert configs[1][WS]["model"]["hidden"] == [100, 100, 100]
    narrow = load_config(changed((f"{WS}.model", NARROW)), root=ROOT)[WS]["model"]
    assert narrow == {**NARROW, "max_pool": False}


def test_existing_paths_pass(tmp_path: Path) -> None:
    for name in ("train.parquet", "test.parquet"):
        (tmp_path / name).touch()
    files = {"name": "mine", "reader": "parquet", "train": "train.parquet", "test": str(tmp_path / "test.parquet")}
    loaded = load_config(changed(("dataset", files)), root=tmp_path)
    assert loaded["dataset"] == {**files, "image_column": "image", "label_column": "label"}
    folder = {"name": "mine", "reader": "mnist", "root": ".", "download": False}
    assert load_config(changed(("dataset", folder)), root=tmp_path)["dataset"] == folder


def test_untrained_arm_may_be_intervened_on() -> None:
    arm = {"warm_up": {"epochs": 0}, "intervention": {"name": "shrink_perturb", "shrink": 0.5, "perturb": 0.1}}
    assert "noise" in load_config(changed((f"{WS}.arms.noise", arm)), root=ROOT)[WS]["arms"]


def test_longest_warm_up_may_be_an_arms() -> None:
    arms = {"random_init": {}, "long": {"warm_up": {"epochs": 64}}}
    changes = ((f"{WS}.warm_up.epochs", 0), (f"{WS}.arms", arms), (f"{WS}.analysis.window", 64))
    assert load_config(changed(*changes), root=ROOT)[WS]["analysis"]["window"] == 64


def test_lists_expand_to_named_and_labelled_arms() -> None:
    arms = {
        "plain": {},
        "both": {
            "label": "Two at once",
            "warm_up": {"weight_decay": [0.01, 0.1], "penalty": {"name": "nc1", "weight": [-0.05, 1], "cap": 200}},
        },
        "one_value": {"intervention": {"name": "shrink_perturb", "shrink": [0.5], "perturb": 0.01}},
    }
    before = deepcopy(arms)
    expanded = _expanded(arms)
    assert arms == before
    assert list(expanded) == [
        "plain",
        "both_0.01_-0.05",
        "both_0.01_1",
        "both_0.1_-0.05",
        "both_0.1_1",
        "one_value_0.5",
    ]
    assert expanded["plain"] == {"label": "plain"}
    assert expanded["both_0.1_-0.05"] == {
        "label": "Two at once 0.1, -0.05",
        "warm_up": {"weight_decay": 0.1, "penalty": {"name": "nc1", "weight": -0.05, "cap": 200}},
    }
    assert expanded["one_value_0.5"]["label"] == "one value 0.5"


def test_arms_order_is_kept() -> None:
    names = list(load_config(demo(), root=ROOT)[WS]["arms"])
    assert names == list(demo()[WS]["arms"])


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
_keys = st.sampled_from(["dataset", "name", "arms", "warm_up", "penalty", "seeds", "epochs"]) | st.text(max_size=4)
_junk = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys | st.integers() | st.none(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_junk)
def test_junk_is_refused_and_nothing_else(junk: Any) -> None:
    with pytest.raises(ConfigError):
        load_config(junk, root=ROOT)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(leaf for key, part in inner for leaf in _leaves(part, (*path, key)))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.sampled_from([path for path in _leaves(demo()) if path]), junk=_junk)
def test_junk_at_one_place_passes_or_is_refused_there(place: tuple[Any, ...], junk: Any) -> None:
    config: Any = demo()
    section = config
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = junk
    try:
        load_config(config, root=ROOT)
    except ConfigError as error:
        assert all(": expected " in line for line in error.violations)
        assert len(error.violations) == len(str(error).split("\n"))


def test_command_without_a_name_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: python -m plasticity.studies" in capsys.readouterr().err


def test_a_study_may_be_left_out_but_not_all() -> None:
    assert "warm_start" not in load_config(changed(("warm_start", None)), root=ROOT)
    assert "permuted" not in load_config(changed(("permuted", None)), root=ROOT)
    assert "train_test_collapse" not in load_config(changed(("train_test_collapse", None)), root=ROOT)
    only = {name: part for name, part in demo().items() if name != "random_labels"}
    with pytest.raises(
        ConfigError,
        match=r"at least one study \(warm_start, permuted, train_test_collapse, agents, locomotion\), got none",
    ):
        load_config({**only, WS: None, PM: None, TT: None}, root=ROOT)


def test_a_second_section_of_a_study_stands_beside_the_first() -> None:
    second = {**base()[PM], "study": "continual", "seeds": [11]}
    config = typed_config(changed(("labels", second)), root=ROOT)
    assert list(config.sections) == ["random_labels", WS, PM, TT, "labels"]
    assert type(config.sections["labels"]) is type(config.sections[PM])
    assert config.sections["labels"].seeds == (11,)
    second["first_task"] = {**second["first_task"], "weight_decay": 100}
    (line,) = violations(("labels", second))
    assert line.startswith("labels.first_task.weight_decay: expected less than 100")


def test_typed_configuration_says_what_the_mapping_says() -> None:
    config = typed_config(demo(), root=ROOT)
    assert config.mapping == load_config(demo(), root=ROOT)
    study = config.sections[WS]
    assert isinstance(study, WarmStartSection)
    assert study.warm_up.learning_rate == demo()[WS]["warm_up"]["learning_rate"]
    decay = study.arms["weight_decay"].warm_up
    assert decay is not None
    assert decay.given() == {"weight_decay": [0.01, 0.1]}
    perceptron = {"hidden": [100, 100, 100], "activation": "relu", "initialisation": "kaiming"}
    assert study.model.parameters == {**perceptron, "layer_norm": False, "spectral_norm": False}
    assert config.dataset.chosen_reader.name == "digits"
    with pytest.raises(ValidationError, match="frozen"):
        setattr(study, "seeds", (1,))  # noqa: B010 - a type checker sees that it is frozen, too
    again = type(study).model_validate_json(study.canonical())
    assert again == study


def test_component_of_ones_own_code_is_checked_by_its_signature() -> None:
    model = {"name": "foreign_networks:WideNet", "width": 7}
    assert load_config(changed((f"{WS}.model", model)), root=ROOT)[WS]["model"] == {**model, "dropout": 0.0}
    (line,) = violations((f"{WS}.model", {**model, "width": 0.5}))
    assert line.startswith(f"{WS}.model.width: expected an integer, got 0.5")
    (line,) = violations((f"{WS}.model.name", "foreign_networks:Nothing"))
    assert line.startswith(f"{WS}.model.name: expected 'foreign_networks:Nothing' to be importable, got ")
