"""What the stages' tests share, made once per session: prepared digits, a split and finished warm-ups."""

import signal
from pathlib import Path

import pytest

from plasticity.config.slices import SplitSettings
from plasticity.config.whole_run import DataSetSettings
from plasticity.stages.draw_split import draw_split
from plasticity.stages.prepare import prepare
from tiny_study import FOLDER, RESNET, SEED, TinyStudy, warm_up_settings


@pytest.fixture(scope="session", autouse=True)
def listening() -> None:
    """Hear signals also where the tests run in the background of a shell, which lets its children ignore some."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyStudy:
    """The prepared digits and a split of 200 of them."""
    folder = tmp_path_factory.mktemp("tiny")
    data = prepare(DataSetSettings(name="digits", reader="digits"), folder / "digits")
    split = folder / "split.parquet"
    draw_split(SplitSettings(train_size=200, warm_up_fraction=0.5), dataset=data, seed=SEED, output=split)
    return TinyStudy(data, split)


@pytest.fixture(scope="session")
def trajectory(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints 0 to 3 of a perceptron's warm-up."""
    return tiny.warm_up(tmp_path_factory.mktemp("mlp")).trajectory / FOLDER


@pytest.fixture(scope="session")
def resnet_trajectory(tiny: TinyStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints 0 and 2 of a convolutional network's warm-up, batch-norm included."""
    settings = warm_up_settings(model=RESNET, epochs=(0, 2))
    return tiny.warm_up(tmp_path_factory.mktemp("resnet"), settings).trajectory / FOLDER
