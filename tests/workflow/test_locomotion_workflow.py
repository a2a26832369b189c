"""The study of locomotion as a user runs it, and what a change makes stale."""

from pathlib import Path

import pytest

from checkouts import checkout, planned, snakemake
from plasticity.storage.tables import read_table

TINY = "tests/config/tiny_locomotion.yaml"
STUDY = Path("results/locomotion/digits")
ARMS = ("none", "l2", "continual_backprop")
AFTER = {"assemble_locomotion", "correlate", "tabulate", "draw_figures", "summarise", "compare_published"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the tiny study has run to its end."""
    pytest.importorskip("mujoco")
    folder = checkout(tmp_path_factory.mktemp("locomotion"))
    snakemake(folder, "--configfile", TINY)
    return folder


def test_study_has_every_row_figure_and_page(finished: Path) -> None:
    rows = read_table(finished / STUDY / "metrics.parquet", "locomotion")
    assert list(dict.fromkeys(rows["arm"])) == list(ARMS)
    assert len(rows) == len(ARMS) * 3 * 4
    assert {"probe_loss", "effective_rank_layer_2"} <= set(rows)
    of_seed = rows.loc[rows["task"].gt(0)].groupby(["seed", "task"])["friction"]
    assert of_seed.nunique().eq(1).all()  # all arms of a seed meet the same frictions
    assert len(read_table(finished / STUDY / "returns.parquet", "returns")) == len(ARMS) * 3 * 30
    found = {path.relative_to(finished / STUDY).as_posix() for path in (finished / STUDY).rglob("*.*")}
    assert {f"figures/return_by_step.{ending}" for ending in ("svg", "png", "pdf")} <= found
    pages = {f"tables/{name}.html" for name in ("outcomes", "correlations", "published")}
    assert pages | {"summary.html", "correlations.parquet", "published.parquet"} <= found


def test_nothing_is_left_to_do_and_a_finished_run_is_kept(finished: Path) -> None:
    assert not planned(finished, configfile=TINY)
    page = "docs/reproduction/locomotion_mine.md"
    snakemake(finished, page, "--configfile", TINY)
    kept = {path.stem for path in (finished / page).with_suffix("").glob("*.parquet")}
    assert kept == {"metrics", "returns", "correlations", "published"}


def test_what_is_measured_trains_nothing_and_a_new_seed_leaves_full_jobs_alone(finished: Path) -> None:
    jobs = planned(finished, "--config", "locomotion={measure: {probe: {steps: 6}}}", configfile=TINY)
    assert jobs["measure_policies"] == len(ARMS) * 2
    assert jobs.keys() == {"measure_policies", "show_config"} | AFTER
    more = planned(finished, "--config", "locomotion={seeds: [1, 2, 3, 4]}", configfile=TINY)
    assert more["train_policy"] == len(ARMS)
