"""The example of components of one's own, copied out of the repository and run there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checkouts import ROOT
from plasticity.storage.checkpoints import read_checkpoint
from plasticity.storage.tables import read_table

EXAMPLE = ROOT / "docs/examples/own_component"
STUDY = Path("results/warm_start/digits")
ARMS = ["random_init", "warm_start", "small_features", "rescaled"]

pytestmark = pytest.mark.slow


def run(folder: Path, *arguments: str) -> str:
    """Run the example as its README says; return what Snakemake printed."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", f"{ROOT}/Snakefile", "--configfile", "overlay.yaml"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*command, "--cores", "2", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return f"[exit {done.returncode}]\n{done.stdout}{done.stderr}"


def stale(folder: Path) -> dict[str, int]:
    """Return how many jobs of each rule are to be run."""
    rows = re.findall(r"^(\w+)\s+(\d+)$", run(folder, "--dry-run"), flags=re.MULTILINE)
    return {rule: int(count) for rule, count in rows}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, copied and run to its end."""
    folder = tmp_path_factory.mktemp("elsewhere") / "own_component"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("results", "logs", ".snakemake", "__pycache__"))
    output = run(folder)
    assert output.startswith("[exit 0]"), output[-6000:]
    return folder


def test_every_arm_has_its_component(finished: Path) -> None:
    rows = read_table(finished / STUDY / "metrics.parquet", "metrics")
    assert list(dict.fromkeys(rows["arm"])) == ARMS
    before, after = (
        read_checkpoint(finished / STUDY / f"checkpoints/{start}/seed1/epoch0004.safetensors")
        for start in ("plain", "rescaled")
    )
    assert before.weights.keys() == after.weights.keys()
    assert all((after.weights[name] == 0.5 * value).all() for name, value in before.weights.items())


def test_a_metric_is_a_column_that_is_correlated_and_drawn(finished: Path) -> None:
    rows = read_table(finished / STUDY / "metrics.parquet", "metrics")
    assert (rows["activity"].to_numpy() > 0).all()
    assert "activity" in set(read_table(finished / STUDY / "correlations.parquet", "correlations")["metric"])
    drawn = (finished / STUDY / "figures/activity_and_gap.svg").read_text(encoding="utf-8")
    assert 'height="216pt"' in drawn
    style = f"{ROOT}/workflow/report/report.css"
    output = run(finished, "--report", "results/report.html", "--report-stylesheet", style)
    assert output.startswith("[exit 0]"), output[-3000:]
    assert "Mean activity of the features" in (finished / "results/report.html").read_text(encoding="utf-8")


def test_an_edit_makes_stale_what_has_the_component(finished: Path) -> None:
    edits = {"penalties": ("warm_up", 1), "interventions": ("intervene", 1), "nets": ("warm_up", 2)}
    edits |= {"metrics": ("measure_collapse", 3), "figures": ("draw_figures", 1)}
    for name in edits:
        with (finished / f"my_lab/{name}.py").open("a", encoding="utf-8") as file:
            file.write("\n# a comment\n")
    assert not stale(finished)
    for name, (rule, count) in edits.items():
        path = finished / f"my_lab/{name}.py"
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\nEXTRA = 1\n", encoding="utf-8")
        jobs = stale(finished)
        path.write_text(text, encoding="utf-8")
        assert jobs[rule] == count, name
        assert "prepare_data" not in jobs
        assert ("warm_up" in jobs) == (name in {"penalties", "nets"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("warm_start={model: {name: 'my_lab.nets:WidNet'}}", "did you mean 'WideNet'?"),
        ("warm_start={measure: {metrics: [{name: 'my_lab.metrics:activty'}]}}", "did you mean 'activity'?"),
        ("warm_start={figures: {'my_lab.figures:gap': {}}}", "no function 'gap' in"),
    ],
)
def test_bad_input_is_refused_before_work(finished: Path, config: str, message: str) -> None:
    output = run(finished, "--dry-run", "--config", config)
    assert output.startswith("[exit 1]")
    assert message in output
    assert "Traceback" not in output
