from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from page_rows import rows_of_page
from plasticity.report.html_tables import decimals, interval_text, mean_and_spread, number_text, write_html

FRAME = pd.DataFrame({"arm": ["a & <b>", "c"], "number": [0.5, np.nan], "text": ["x", None]})


def test_a_page_needs_nothing_else_and_escapes_what_is_in_cells(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_html(FRAME, path, title="numbers", note="What they are.")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>numbers</title>" in text
    assert "<p>What they are.</p>" in text
    assert "a &amp; &lt;b&gt;" in text
    assert not any(word in text for word in ("http:", "https:", "src=", "@import", "NaN", "<b>"))
    assert rows_of_page(path) == [
        {"arm": "a & <b>", "number": "0.5", "text": "x"},
        {"arm": "c", "number": "–", "text": rows_of_page(path)[1]["text"]},
    ]
    assert [other.name for other in tmp_path.iterdir()] == ["page.html"]


def test_means_stand_with_their_deviation_where_there_is_one() -> None:
    values = pd.DataFrame({"arm": list("aabbc"), "x": [0.1, 0.3, np.nan, 0.25, np.nan]})
    found = mean_and_spread(values.groupby("arm")["x"], "{:.1f}", scale=100)
    assert found.to_dict() == {"a": "20.0 ± 14.1", "b": "25.0", "c": "–"}
    assert mean_and_spread(values.groupby("arm")["x"]).to_dict() == {"a": "0.20 ± 0.14", "b": "0.2500", "c": "–"}
    signed = mean_and_spread(values.groupby("arm")["x"], "{:+.1f}", scale=100)
    assert signed.to_dict() == {"a": "+20.0 ± 14.1", "b": "+25.0", "c": "–"}


@pytest.mark.parametrize(
    ("numbers", "note", "expected"),
    [
        ((0.5, 0.25, 0.75), "", "+0.50 [+0.25, +0.75]"),
        ((-0.5, -0.754, 0.0), "left out", "-0.50 [-0.75, +0.00]"),
        ((0.5, np.nan, np.nan), "one seed", "+0.50"),
        ((np.nan, np.nan, np.nan), "too few points", "– (too few points)"),
        ((np.nan, np.nan, np.nan), "", "–"),
    ],
)
def test_an_estimate_stands_with_its_interval_or_the_reason_for_none(
    numbers: tuple[float, float, float], note: str, expected: str
) -> None:
    assert interval_text(*numbers, note) == expected


def test_columns_of_text_are_broken_into_lines_and_others_are_not(tmp_path: Path) -> None:
    write_html(FRAME, tmp_path / "page.html", title="t", note="n", wide=["text"])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "td:nth-child(3) { min-width: 11rem;" in text
    assert "nth-child(2)" not in text


def test_numbers_and_what_is_uncertain_of_them_stay_in_one_piece(tmp_path: Path) -> None:
    cells = ["+0.50 [+0.25, +0.75]", "0.426 ± 0.016", "12.5", "– (3 points)", "full_test_accuracy", "a reason of words"]
    path = tmp_path / "page.html"
    write_html(pd.DataFrame({"x": cells}), path, title="t", note="n")
    text = path.read_text(encoding="utf-8")
    for written in (
        "<td>+0.50 <span class=short>[+0.25, +0.75]</span></td>",
        "<td>0.426 <span class=short>± 0.016</span></td>",
        "<td class=short>12.5</td>",
        "<td class=reason>– (3 points)</td>",
        "<td>full_<wbr>test_<wbr>accuracy</td>",
        "<td>a reason of words</td>",
    ):
        assert written in text
    assert [row["x"] for row in rows_of_page(path)] == cells


def test_a_table_without_rows_says_so(tmp_path: Path) -> None:
    write_html(FRAME.iloc[:0], tmp_path / "page.html", title="t", note="n")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "no rows" in text
    assert not any(part in text for part in ("<table", "<script"))
    assert rows_of_page(tmp_path / "page.html") == []


@pytest.mark.parametrize(
    ("mean", "spread", "expected"),
    [(1.0, 0.000664, 3), (0.355, 0.0223, 3), (0.355, np.nan, 4), (23.4567, 1.23, 1), (4500.0, 120.0, 0), (0.0, 0.0, 3)],
)
def test_decimals_are_those_that_a_number_s_spread_supports(mean: float, spread: float, expected: int) -> None:
    assert decimals(mean, spread) == expected


def test_numbers_have_four_digits_and_their_interval() -> None:
    assert number_text(0.123456) == "0.1235"
    assert number_text(0.5, 0.25, 0.75) == "0.50 [0.25, 0.75]"
    assert number_text(0.5, np.nan, np.nan) == "0.5"
    assert number_text(np.nan, 1, 2) == "–"
