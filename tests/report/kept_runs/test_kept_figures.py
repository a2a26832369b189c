"""Figures of kept runs are drawn anew from their tables, and their pages say what they show."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from plasticity.report.kept_runs.kept_page import page_of, read_content
from plasticity.report.kept_runs.kept_run import RECORD
from plasticity.studies.kept_runs import main, read_run

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


@pytest.mark.slow
def test_figures_are_drawn_where_asked_for_and_pages_say_what_they_show(
    folder: Path,
) -> None:
    png = folder / "first_task_length.png"
    blank = png.read_bytes()
    assert main([str(folder)]) == 0
    assert png.read_bytes() == blank
    page = folder.with_suffix(".md")
    assert "![first task length](run/" in page.read_text(encoding="utf-8")
    assert main(["--figures", str(folder)]) == 0
    with Image.open(png) as picture:
        words = f"{picture.info['Title']}. {picture.info['Description']}"
        assert picture.width > 500
    assert "Panel a, NC1 after the first task: NC1 (dimensionless)" in words
    assert f"![{words}](run/first_task_length.png)" in page.read_text(encoding="utf-8")
    assert sorted(path.suffix for path in folder.iterdir() if path.suffix == ".svg") == []
    (folder / "notes.md").write_text("# T\n\n![short](first_task_length.png)\n")
    text = page_of(read_content(read_run(folder)))
    assert "![short](run/first_task_length.png)" in text
    assert "## Figures" not in text
    folded = text.partition("<summary>Captions of the figures above, and the figures in words</summary>")[2]
    caption, _, words = folded.partition("*In words.* ")
    assert words.startswith("First task length: 6 seeds. 3 panels.")
    assert "bands ± one standard deviation over seeds" in caption


def test_without_a_folder_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--figures"]) == 2
    assert "usage: python -m plasticity.studies.kept_runs [--analyses] [--figures] <folder>" in capsys.readouterr().err
