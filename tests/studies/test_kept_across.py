"""Kept runs are compared as the sections of a configuration are."""

import re
import shutil
from pathlib import Path

import pytest

from plasticity.config.page_slices import AcrossDisplay
from plasticity.storage.tables import read_table, write_table
from plasticity.studies import kept_across
from plasticity.studies.kept_across import main, page_of, title_of

DOCS = Path(__file__).resolve().parents[2] / "docs/reproduction"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two short parts of a kept run, one of them with another course of losses."""
    folder, kept = tmp_path_factory.mktemp("kept"), DOCS / "permuted_mnist"
    rows = read_table(kept / "metrics.parquet", "permuted")
    rows = rows.loc[rows["arm"].isin(["random_init", "continual", "first_task_length_10"]) & rows["task"].le(9)]
    for place, name in enumerate(("first", "second")):
        (folder / name).mkdir()
        shutil.copyfile(kept / "run.yaml", folder / name / "run.yaml")
        lost = rows["plasticity_gap"] + 0.01 * place * rows["nc1"]
        write_table(rows.assign(plasticity_gap=lost), folder / name / "metrics.parquet", "permuted")
    return [str(folder / name) for name in ("first", "second")]


def test_the_table_is_written_and_shown(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[AcrossDisplay] = []
    monkeypatch.setattr(kept_across, "show_across", lambda *_, settings: shown.append(settings))
    assert main([str(tmp_path), *runs]) == 0
    table = read_table(tmp_path / "explanations.parquet", "explanations_across")
    assert table["section"].unique().tolist() == ["", "first", "second"]
    assert table.loc[table["quantity"].eq("task"), "n_arms"].tolist() == [4, 2, 2]  # fresh networks have no part
    assert [settings.titles for settings in shown] == [{"first": "first", "second": "second"}]
    assert {f"{tmp_path}/explanations.html", f"{tmp_path}.md"} <= set(capsys.readouterr().out.splitlines())


def test_what_cannot_be_compared_is_one_line(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), runs[0]]) == 2
    assert main([str(tmp_path), runs[0], runs[0]]) == 1
    assert main([str(tmp_path), runs[0], str(DOCS / "train_test_collapse_mnist_small")]) == 1
    usage, names, study = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: ")
    assert "folders of different names" in names
    assert study.endswith("expected a kept run of a sequence of tasks, got one of train_test_collapse")


def test_the_kept_comparison_is_up_to_date() -> None:
    """Its page is made from its table, and its table from the runs that the page names."""
    folder = DOCS.parent / "across_runs"
    page = folder.with_suffix(".md").read_text(encoding="utf-8")
    folders = [Path(found) for found in re.findall(r"docs/reproduction/\w+", page)]
    assert len(folders) > 1
    shown = AcrossDisplay(confidence=0.95, titles={path.name: title_of(DOCS / path.name) for path in folders})
    assert page == page_of(folder.relative_to(DOCS.parents[1]), folders, shown)
