"""Figures of kept runs are drawn anew from their tables, and their pages say what they show."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from plasticity.report.kept_runs.kept_page import page_of, read_content
from plasticity.report.kept_runs.kept_run import RECORD
from plasticity.studies.kept_runs import draw_anew, main, read_run

KEPT = Path(__file__).parents[3] / "docs/reproduction/permuted_mnist"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A kept run with its tables and one figure, of which only the name is left."""
    found = tmp_path / "run"
    found.mkdir()
    for path in [*KEPT.glob("*.parquet"), KEPT / RECORD]:
        shutil.copy(path, found)
    Image.new("RGB", (4, 3)).save(found / "first_task_length.png")
    return found


def test_a_figure_is_drawn_anew_and_its_page_says_what_it_shows(folder: Path) -> None:
    run = read_run(folder)
    before = page_of(read_content(run))
    assert "![first task length](run/" in before
    assert draw_anew(run) == [folder / "first_task_length.png"]
    with Image.open(folder / "first_task_length.png") as picture:
        words = f"{picture.info['Title']}. {picture.info['Description']}"
        assert picture.width > 500
    assert "Panel a, NC1 after the first task: NC1 (dimensionless)" in words
    assert f"![{words}](run/first_task_length.png)" in page_of(read_content(run))
    assert sorted(path.suffix for path in folder.iterdir() if path.suffix == ".svg") == []


def test_a_figure_that_the_notes_show_is_told_in_words_behind_them(folder: Path) -> None:
    run = read_run(folder)
    draw_anew(run)
    (folder / "notes.md").write_text("# T\n\n![short](first_task_length.png)\n")
    text = page_of(read_content(run))
    assert "![short](run/first_task_length.png)" in text
    assert "## Figures" not in text
    folded = text.partition("<summary>The figures above in words</summary>")[2]
    assert folded.strip().startswith("First task length: 11 arms, 6 seeds. 3 panels.")


def test_figures_are_drawn_where_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blank = (folder / "first_task_length.png").read_bytes()
    assert main([str(folder)]) == 0
    assert (folder / "first_task_length.png").read_bytes() == blank
    assert main(["--figures", str(folder)]) == 0
    drawn = (folder / "first_task_length.png").read_bytes()
    assert drawn != blank
    assert main(["--figures", str(folder)]) == 0
    assert (folder / "first_task_length.png").read_bytes() == drawn
    assert main(["--figures"]) == 2
    assert "usage: python -m plasticity.studies.kept_runs [--analyses] [--figures] <folder>" in capsys.readouterr().err
