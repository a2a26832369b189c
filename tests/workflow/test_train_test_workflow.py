"""The train-test study as a user runs it, and what a change makes stale."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from checkouts import checkout, planned, snakemake
from plasticity.storage.tables import read_table

TINY = "tests/config/tiny_train_test.yaml"
DECAYS = ("transfer", "weight_decay_0.01", "weight_decay_0.1")
SIZES = ("training_size_60", "training_size_120")
STUDY = Path("results/train_test_collapse/digits")
PAGES = {"tabulate", "draw_figures", "summarise", "compare_published"}
TABLES = {"assemble_variances", "assemble_transfer", "correlate", *PAGES}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the tiny study has run to its end."""
    folder = checkout(tmp_path_factory.mktemp("train_test"))
    snakemake(folder, "--configfile", TINY)
    return folder


def table(folder: Path, name: str) -> pd.DataFrame:
    schemas = {"metrics": "variances", "transfer": "transfer"}
    return read_table(folder / STUDY / f"{name}.parquet", schemas[name])


def test_study_has_every_row_figure_and_page(finished: Path) -> None:
    rows = table(finished, "metrics")
    assert list(dict.fromkeys(rows["arm"])) == ["cascade", *DECAYS, *SIZES]
    assert set(zip(rows["arm"], rows["seed"], rows["layer"], strict=True)) == {
        (arm, seed, layer)
        for arm in set(rows["arm"])
        for seed in (1, 2)
        for layer in (1, 2)
        if layer == 1 or arm not in SIZES  # convolutional, measured at their last layer alone
    }
    reached = table(finished, "transfer")
    assert set(reached["arm"]) == set(DECAYS)
    assert set(reached["learning_rate"]) == {0.01, 0.1}
    found = {path.relative_to(finished / STUDY).as_posix() for path in (finished / STUDY).rglob("*.*")}
    figures = ("variances_by_iteration", "variances_by_layer", "transfer_by_variance", "variances_by_train_size")
    figures += ("collapse_and_transfer",)
    assert {f"figures/{name}.{ending}" for name in figures for ending in ("svg", "png", "pdf")} <= found
    pages = {f"tables/{name}.html" for name in ("outcomes", "correlations", "collapse_and_transfer", "published")}
    assert pages | {"summary.html", "correlations.parquet", "published.parquet"} <= found


def test_arms_stop_at_a_loss_and_differ_in_what_they_say(finished: Path) -> None:
    rows = table(finished, "metrics")
    ends = {arm: max(part["iteration"].to_list()) for arm, part in rows.groupby("arm")}
    assert all(ends[arm] < 40 for arm in SIZES)  # at a loss of 2.2
    assert all(ends[arm] == 40 for arm in ("cascade", *DECAYS))
    correlations = read_table(finished / STUDY / "correlations.parquet", "correlations")
    across = correlations[correlations["window_kind"] == "weight_decays"]
    assert set(across["arm"]) == {"transfer"}
    assert {"nc1", "train_variance", "weight_decay"} <= set(across["metric"])


def test_nothing_is_left_to_do_and_all_is_sound(finished: Path) -> None:
    assert not planned(finished, configfile=TINY)
    assert "all sound" in snakemake(finished, "verify", "--configfile", TINY).stdout


def test_a_finished_run_is_kept_with_its_page(finished: Path) -> None:
    page = "docs/reproduction/train_test_collapse_mine.md"
    snakemake(finished, page, "--configfile", TINY)
    text = (finished / page).read_text(encoding="utf-8")
    assert "## Next task" in text
    assert "Not compared, and what a comparison needs" in text
    assert f"snakemake --cores all --configfile {TINY}" in text
    kept = {path.stem for path in (finished / page).with_suffix("").glob("*.parquet")}
    assert kept == {"metrics", "transfer", "correlations", "published"}


def test_setting_of_the_next_task_reruns_no_first_task(finished: Path) -> None:
    change = "train_test_collapse={next_task: {iterations: 11}}"
    jobs = planned(finished, "--config", change, configfile=TINY)
    assert jobs["transfer"] == 4 * len(DECAYS)
    following = {"assemble_transfer", "correlate", "show_config", *PAGES}
    assert jobs.keys() == {"transfer"} | following


def test_new_learning_rate_runs_that_rate_alone(finished: Path) -> None:
    change = "train_test_collapse={next_task: {learning_rates: [0.01, 0.1, 0.2]}}"
    jobs = planned(finished, "--config", change, configfile=TINY)
    assert jobs["transfer"] == 2 * len(DECAYS)
    assert "pre_train" not in jobs


def test_setting_of_one_arm_reruns_that_arm(finished: Path) -> None:
    change = "train_test_collapse={arms: {transfer: {balanced: true}}}"
    jobs = planned(finished, "--config", change, configfile=TINY)
    assert (jobs["pre_train"], jobs["measure_variances"], jobs["transfer"]) == (2, 2, 4)


def test_new_seed_runs_that_seed_alone(finished: Path) -> None:
    jobs = planned(finished, "--config", "train_test_collapse={seeds: [1, 2, 3]}", configfile=TINY)
    assert (jobs["pre_train"], jobs["measure_variances"], jobs["transfer"]) == (6, 6, 2 * len(DECAYS))
    assert "prepare_data" not in jobs


def test_edited_line_of_a_metric_measures_anew(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    path = folder / "src/plasticity/metrics/variances.py"
    path.write_text(path.read_text(encoding="utf-8").replace("_BLOCK = 4096", "_BLOCK = 4095"), encoding="utf-8")
    jobs = planned(folder, configfile=TINY)
    assert jobs.keys() == {"measure_variances"} | TABLES


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which nothing has run."""
    return checkout(tmp_path_factory.mktemp("presets"))


@pytest.mark.parametrize(
    ("preset", "pre_train", "transfer"),
    [
        ("train_test_collapse", 5 * 3, 4 * 3 * 7),
        ("train_test_collapse_small", 5, 4 * 4),
        ("train_test_collapse_mnist_networks", 3 * 3, 0),
        ("train_test_collapse_fashion_mnist", (3 + 5) * 3, 0),
        ("train_test_collapse_cifar10", (3 + 5 + 1) * 3, 3 * 7),
        ("train_test_collapse_cifar10_small", (1 + 4) * 3, 0),
        ("train_test_collapse_svhn", 3 * 3, 0),
        ("train_test_collapse_stl10", 3 * 3, 0),
    ],
)
def test_preset_is_planned_in_full(fresh: Path, preset: str, pre_train: int, transfer: int) -> None:
    changes = ("--config", "dataset={download: true}")
    jobs = planned(fresh, *changes, configfile=f"config/{preset}.yaml")
    assert (jobs["pre_train"], jobs["measure_variances"], jobs["transfer"]) == (pre_train, pre_train, transfer)
    assert not jobs.keys() & {"warm_up", "first_task"}
    assert jobs["draw_figures"] == 1
