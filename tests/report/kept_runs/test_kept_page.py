"""The committed pages are what their tables give, and a page of another run is made by the same rules."""

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plasticity.errors import PlasticityError
from plasticity.report.kept_runs.kept_page import Content, as_text, page_of, read_content, write_page
from plasticity.report.kept_runs.kept_run import RECORD, keep
from plasticity.report.kept_runs.markdown import markdown
from plasticity.storage.tables import read_provenance, read_tables
from plasticity.studies.kept_runs import main, read_run

DOCS = Path(__file__).resolve().parents[3] / "docs/reproduction"
KEPT = sorted(path.parent for path in DOCS.glob(f"*/{RECORD}"))
WARM_START = DOCS / "warm_start_cifar10_small"


run_of = cache(read_run)


@cache
def content_of(folder: Path) -> Content:
    """What the page of a committed run tells."""
    return read_content(run_of(folder))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A kept run that may be changed."""
    (tmp_path / "statistics.md").touch()
    folder = tmp_path / "reproduction" / "run"
    shutil.copytree(WARM_START, folder)
    return folder


def test_every_kept_run_has_a_page_and_every_page_a_run() -> None:
    assert {folder.name for folder in KEPT} == {page.stem for page in DOCS.glob("*.md")}
    studies = {"warm_start", "permuted", "train_test_collapse", "locomotion"}
    assert {run_of(folder).study for folder in KEPT} >= studies


@pytest.mark.slow
@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_page_and_comparison_are_up_to_date(folder: Path) -> None:
    content = content_of(folder)
    stored = read_tables([folder / "published.parquet"], "published")
    assert as_text(stored) == as_text(content.published), f"run: {_command(folder)}"
    page = (DOCS / f"{folder.name}.md").read_text(encoding="utf-8")
    assert page == page_of(content), f"{folder.name}.md is out of date, run: {_command(folder)}"


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_the_configuration_is_that_of_the_tables(folder: Path) -> None:
    run = run_of(folder)
    made = read_provenance(run.table("metrics"))["settings"]
    asked = run.plan.assemble_settings().plain()
    if "starts" in made:  # as tables of warm starting had it before their settings were a list of arms
        arms = [{"name": arm, "start": made["starts"][arm], "epochs": made["epochs"][arm]} for arm in run.plan.arms]
        made = {"arms": arms}
    if run.study == "permuted":
        made, asked = (
            {arm["name"]: (arm["epochs"] or None, arm["nc1_below"]) for arm in part["arms"]} for part in (made, asked)
        )
    assert made == asked
    analysis, told = run.plan.section.analysis.given(), read_provenance(run.table("correlations"))["settings"]
    if "beyond" in analysis:  # what explanations alone are asked for
        told["beyond"] = read_provenance(run.table("explanations"))["settings"]["beyond"]
    assert {key: told[key] for key in analysis} == analysis
    assert sorted(pd.read_parquet(run.table("metrics"), columns=["seed"])["seed"].unique()) == list(
        run.plan.section.seeds
    )


def test_numbers_of_the_page_are_those_of_the_table() -> None:
    content = content_of(WARM_START)
    metrics = content.metrics
    gaps = metrics.loc[metrics["arm"] == "weight_decay_0.1"].groupby("seed")["plasticity_gap"].mean() * 100
    (row,) = [line for line in page_of(content).splitlines() if line.startswith("| weight decay 0.1 | 3 | 8 |")]
    assert f"| {gaps.mean():.1f} [".replace("-", "−") in row
    assert ", ".join(f"{gap:+.1f}".replace("-", "−") for gap in gaps) in row


def test_links_of_the_notes_hold_from_the_page(copy: Path) -> None:
    (copy / "notes.md").write_text(
        "# T\n\nOpening, [a](../../statistics.md#x).\n\n"
        "## More\n\n![gap](plasticity_gap.png) [w](https://a.org) [m](#more)\n"
    )
    text = write_page(read_run(copy)).read_text(encoding="utf-8")
    assert "# T\n\nOpening, [a](../statistics.md#x).\n\n## Published beside this run" in text
    assert "![gap](run/plasticity_gap.png) [w](https://a.org) [m](#more)" in text
    assert text.count("run/plasticity_gap.png") == 1  # shown by the notes, so not once more at the end
    assert text.count("run/training_curves.png") == 1
    assert text.index("## Outcomes") < text.index("## More") < text.index("## Figures")


def test_a_run_without_notes_has_a_title(copy: Path) -> None:
    (copy / "notes.md").unlink()
    text = write_page(read_run(copy)).read_text(encoding="utf-8")
    assert "# Warm start, cifar10_jpeg\n" in text
    assert text.count("](run/") == len(list(copy.glob("*.png"))) + len(list(copy.glob("*.parquet")))


def test_a_link_to_nothing_is_told(copy: Path) -> None:
    (copy / "notes.md").write_text("# T\n\n![x](gone.png)\n")
    with pytest.raises(PlasticityError, match=r"notes.md: expected links to files from its folder, got gone.png"):
        write_page(read_run(copy))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study: warm_start\n", "expected study, command and config"),
        ("", "expected study, command and config, got null"),
        (
            "study: x\ncommand: y\nconfig: {}\n",
            "expected one of its sections , got 'x'",
        ),
        ("study: permuted\ncommand: y\nconfig: {}\n", "expected one of its sections , got 'permuted'"),
    ],
)
def test_a_bad_record_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(PlasticityError) as caught:
        read_run(tmp_path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_is_kept_with_the_study_s_part_of_the_configuration(tmp_path: Path) -> None:
    run = read_run(WARM_START)
    config = {**run.config, "permuted": {"seeds": [1]}}
    files = [run.table("metrics"), WARM_START / "plasticity_gap.png"]
    keep(tmp_path / "new", files, study="warm_start", command="snakemake", config=config)
    kept = read_run(tmp_path / "new")
    assert (kept.study, kept.command, kept.config) == ("warm_start", "snakemake", run.config)
    assert {path.name for path in kept.folder.iterdir()} == {"metrics.parquet", "plasticity_gap.png", RECORD}
    assert kept.figures == ["plasticity_gap"]


@pytest.mark.slow
def test_the_command_writes_pages_and_tells_what_is_wrong(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = write_page(read_run(copy))
    before = {path: path.read_bytes() for path in (page, copy / "published.parquet")}
    assert main([str(copy)]) == 0
    assert capsys.readouterr().out.strip() == str(page) == str(copy.parent / "run.md")
    assert {path: path.read_bytes() for path in before} == before  # a page that is written twice stays as it is
    assert main([str(copy / "none")]) == 1
    assert "run.yaml: expected the record of a run, got no file" in capsys.readouterr().err
    assert main([]) == 2


def test_cells_are_escaped_and_missing_ones_empty() -> None:
    frame: Any = pd.DataFrame(
        {"a|b": ["x|y", np.nan], "n": pd.array([-3, None], dtype="Int64"), "t": ["NC1-NC4", "-0.5 [-1, 2]"]}
    )
    assert markdown(frame).splitlines()[1:] == [
        "|---|---|---|",
        "| x\\|y | −3 | NC1-NC4 |",
        "|  |  | −0.5 [−1, 2] |",
    ]


def _command(folder: Path) -> str:
    return f"python -m plasticity.studies.kept_runs docs/reproduction/{folder.name}"
