"""Another workflow uses this one as a module: with a prefix, a part of its configuration, and its own PYTHONPATH."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from checkouts import ROOT
from plasticity.storage.tables import read_table

OUTER = f"""
import os

configfile: "config/outer.yaml"

module plasticity:
    snakefile: "{ROOT}/Snakefile"
    config: config["collapse"]
    prefix: "collapse"

use rule * from plasticity as collapse_*

rule count_rows:
    default_target: True
    input:
        "collapse/results/warm_start/digits/metrics.parquet",
        rules.collapse_collect_benchmarks.output.jobs,
    output:
        "paths.txt",
    run:
        with open(output[0], "w") as file:
            file.write(os.environ["PYTHONPATH"])
"""
TINY = {
    **yaml.safe_load((ROOT / "tests/config/tiny.yaml").read_text(encoding="utf-8")),
    "permuted": None,
}
TINY["warm_start"]["seeds"] = [1]


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """A folder with a workflow whose Snakefile and configuration lie where the standard layout has them."""
    for name, text in {"workflow/Snakefile": OUTER, "config/outer.yaml": yaml.safe_dump({"collapse": TINY})}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def results(output: str) -> set[str]:
    """Return the paths of results, logs and documents that Snakemake speaks of."""
    return set(re.findall(r"(?<![\w/])(?:[\w.]+/)*(?:results|logs|docs)/[\w./-]+", output))


@pytest.mark.slow
def test_every_path_has_the_prefix_and_every_rule_its_name(outer: Path) -> None:
    done = run(outer, "--dry-run", "collapse_all", "collapse_verify", "--printshellcmds")
    assert done.returncode == 0, done.stdout
    assert {"collapse/results/data/digits/dataset.json", "collapse/results/curves/digits.html"} <= results(done.stdout)
    assert not [path for path in results(done.stdout) if not path.startswith("collapse/")]
    rules = re.findall(r"^([\w.-]+)\s+\d+$", done.stdout, flags=re.MULTILINE)
    assert {"collapse_warm_up", "collapse_correlate"} <= set(rules)
    assert not [rule for rule in rules if not rule.startswith("collapse_") and rule != "total"]
    assert sorted(path.name for path in outer.iterdir() if path.name != ".snakemake") == ["config", "workflow"]


@pytest.mark.slow
def test_the_command_line_of_the_outer_workflow_reaches_ours(outer: Path) -> None:
    planned = run(outer, "--dry-run", "--config", "collapse={warm_start: {seeds: [3]}}").stdout
    assert "collapse/results/warm_start/digits/collapse/plain/seeds3-3.parquet" in planned
    refused = run(outer, "--dry-run", "--config", "collapse={warm_start: {seeds: [-3]}}").stdout
    assert "warm_start.seeds[0]" in refused
    assert "got -3" in refused


@pytest.mark.slow
def test_some_rules_alone_can_be_used(outer: Path) -> None:
    path = outer / "workflow/Snakefile"
    text = path.read_text(encoding="utf-8").partition("use rule")[0]
    path.write_text(f"{text}\nuse rule prepare_data from plasticity as digits\n", encoding="utf-8")
    done = run(outer, "--dry-run", "digits")
    assert done.returncode == 0, done.stdout
    assert "collapse/results/data/digits/dataset.json" in done.stdout


@pytest.mark.slow
def test_a_module_without_a_configuration_has_the_demonstrations(outer: Path) -> None:
    path = outer / "workflow/Snakefile"
    text = path.read_text(encoding="utf-8").replace('    config: config["collapse"]\n', "")
    path.write_text(text.replace('configfile: "config/outer.yaml"\n', ""), encoding="utf-8")
    done = run(outer, "--dry-run", "collapse_all")
    assert done.returncode == 0, done.stdout
    assert "collapse/results/permuted/digits/metrics.parquet" in done.stdout


@pytest.mark.slow
def test_an_outer_workflow_runs_ours(outer: Path) -> None:
    done = run(outer, path=os.pathsep.join(["/of/mine", "/and/another"]))
    assert done.returncode == 0, done.stdout[-6000:]
    assert (outer / "paths.txt").read_text(encoding="utf-8").split(os.pathsep) == [
        str(ROOT / "src"),
        "/of/mine",
        "/and/another",
    ]
    rows = read_table(outer / "collapse/results/warm_start/digits/metrics.parquet", "metrics")
    assert len(rows) == 1 + 3 * 3
    jobs = read_table(outer / "collapse/results/benchmarks/digits/jobs.parquet", "benchmarks")
    assert {"fine_tune", "warm_up", "prepare_data"} <= set(jobs["stage"])
    assert run(outer, "collapse_verify").returncode == 0
    again = run(outer, "--dry-run")
    assert "Nothing to be done" in again.stdout, again.stdout
    found = {path.name for path in outer.iterdir()}
    assert found == {"workflow", "config", "collapse", "paths.txt", ".snakemake"}
