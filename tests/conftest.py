"""What tests share, made once per session: prepared digits, a split, finished warm-ups, and tables of small studies."""

import gc
import signal
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tiny_study import TinyStudy

settings.register_profile("busy", deadline=None)  # an example that takes long on a busy machine is no failure
settings.load_profile("busy")


def pytest_collectstart() -> None:
    """Search for no garbage while tests are collected: modules and tests stay to the end."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Search what tests leave behind, without a walk through all that was there before them."""
    gc.freeze()
    gc.enable()


# Fixtures import what they need: the process that hands tests to the workers reads this file as well and has no use
# for PyTorch.


@pytest.fixture(scope="session", autouse=True)
def listening() -> None:
    """Hear signals also where the tests run in the background of a shell, which lets its children ignore some."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> "TinyStudy":
    """The prepared digits and a split of 200 of them."""
    from plasticity.config.slices import SplitSettings
    from plasticity.config.whole_run import DataSetSettings
    from plasticity.stages.draw_split import draw_split
    from plasticity.stages.prepare import prepare
    from tiny_study import SEED, TinyStudy

    folder = tmp_path_factory.mktemp("tiny")
    data = prepare(DataSetSettings(name="digits", reader="digits"), folder / "digits")
    split = folder / "split.parquet"
    draw_split(SplitSettings(train_size=200, warm_up_fraction=0.5), dataset=data, seed=SEED, output=split)
    return TinyStudy(data, split)


@pytest.fixture(scope="session")
def table_makers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Callable[..., Any]]:
    """Study -> factory of its tables, written and read as the workflow does; equal studies are made once."""
    from agent_tables import make_agents
    from locomotion_tables import make_locomotion
    from permuted_tables import make_permuted
    from train_test_tables import make_train_test
    from warm_start_tables import make_study

    makers = {"warm_start": partial(make_study, lazy=True), "permuted": partial(make_permuted, lazy=True)}
    makers |= {"train_test_collapse": make_train_test, "agents": make_agents, "locomotion": make_locomotion}
    return {name: cache(partial(make, tmp_path_factory.mktemp(name))) for name, make in makers.items()}


@pytest.fixture(scope="session")
def trajectory(tiny: "TinyStudy", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints 0 to 3 of a perceptron's warm-up."""
    from tiny_study import FOLDER

    return tiny.warm_up(tmp_path_factory.mktemp("mlp")).trajectory / FOLDER


@pytest.fixture(scope="session")
def resnet_trajectory(tiny: "TinyStudy", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints 0 and 2 of a convolutional network's warm-up, batch-norm included."""
    from tiny_study import FOLDER, RESNET, warm_up_settings

    settings = warm_up_settings(model=RESNET, epochs=(0, 2))
    return tiny.warm_up(tmp_path_factory.mktemp("resnet"), settings).trajectory / FOLDER
