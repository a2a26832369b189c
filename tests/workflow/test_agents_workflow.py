"""The study of agents as a user runs it, and what a change makes stale."""

from pathlib import Path

import pytest

from checkouts import checkout, planned, snakemake
from plasticity.storage.tables import read_table

TINY = "tests/config/tiny_agents.yaml"
STUDY = Path("results/agents/digits")
ARMS = ("none", "two_hot", "reset_head")
ENVIRONMENTS = ("true_label", "random_label")
AFTER = {"assemble_agents", "falsify", "correlate", "tabulate", "draw_figures", "summarise", "compare_published"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the tiny study has run to its end."""
    folder = checkout(tmp_path_factory.mktemp("agents"))
    snakemake(folder, "--configfile", TINY)
    return folder


def test_study_has_every_row_figure_and_page(finished: Path) -> None:
    rows = read_table(finished / STUDY / "metrics.parquet", "agents")
    assert list(dict.fromkeys(rows["arm"])) == [f"{arm}_{env}" for arm in ARMS for env in ENVIRONMENTS]
    assert len(rows) == len(ARMS) * len(ENVIRONMENTS) * 3 * 4
    assert {"probe_loss", "gradient_rank"} <= set(rows)
    tests = read_table(finished / STUDY / "falsification.parquet", "falsification")
    assert set(tests["kind"]) == {"environment", "network"}
    assert set(tests.loc[tests["kind"] == "environment", "group"]) == {*ENVIRONMENTS, "all"}
    found = {path.relative_to(finished / STUDY).as_posix() for path in (finished / STUDY).rglob("*.*")}
    figures = ("agents_by_step", "falsification")
    assert {f"figures/{name}.{ending}" for name in figures for ending in ("svg", "png", "pdf")} <= found
    pages = {f"tables/{name}.html" for name in ("outcomes", "correlations", "falsification", "published")}
    assert pages | {"summary.html", "correlations.parquet", "published.parquet"} <= found


def test_nothing_is_left_to_do_and_all_is_sound(finished: Path) -> None:
    assert not planned(finished, configfile=TINY)
    assert "all sound" in snakemake(finished, "verify", "--configfile", TINY).stdout


def test_a_finished_run_is_kept_with_its_page(finished: Path) -> None:
    page = "docs/reproduction/agents_mine.md"
    snakemake(finished, page, "--configfile", TINY)
    assert "## Falsification" in (finished / page).read_text(encoding="utf-8")
    kept = {path.stem for path in (finished / page).with_suffix("").glob("*.parquet")}
    assert kept == {"metrics", "falsification", "correlations", "published"}


def test_what_is_measured_trains_nothing(finished: Path) -> None:
    jobs = planned(finished, "--config", "agents={measure: {probe: {steps: 11}}}", configfile=TINY)
    assert jobs["measure_agents"] == len(ARMS) * len(ENVIRONMENTS)
    assert jobs.keys() == {"measure_agents", "show_config"} | AFTER


def test_a_new_environment_leaves_the_others_alone(finished: Path) -> None:
    change = "agents={environments: [true_label, random_label, sparse]}"
    jobs = planned(finished, "--config", change, configfile=TINY)
    assert (jobs["train_agents"], jobs["measure_agents"]) == (len(ARMS), len(ARMS))
