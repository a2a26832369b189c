"""The page: everything in it, nothing fetched, small enough for the report, and honest about what it leaves out."""

import base64
import re

import pandas as pd
import pytest

from of_studies import BY_SECTION
from plan_slices import plan_of as demo_plan
from plasticity.report.summary.finding import Finding
from plasticity.report.summary.summary_page import LARGEST_PAGE, Image, Page, image, page_html

STUDIES = list(BY_SECTION)
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>t</title><desc id="d">Two &lt; three.</desc>{}</svg>'


def page(study, images, sentence="A < B (n = 3 seeds)."):
    rows = pd.DataFrame({"arm": ["x"], "estimate_of": [-0.123456], "missing": [float("nan")]})
    described = BY_SECTION[study]
    found = [Finding(entry.heading, sentence, entry.figure, entry.table, rows) for entry in described.findings]
    sources = described.summary(demo_plan(study)).sources
    return Page(described.title, described.question, {"Seeds": "1, 2 & 3"}, found, images, sources)


def drawn(tmp_path, size=10):
    (tmp_path / "f.svg").write_text(SVG.format("x" * size))
    (tmp_path / "f.png").write_bytes(b"picture")
    return image(tmp_path / "f.svg", tmp_path / "f.png")


@pytest.mark.parametrize("study", STUDIES)
def test_every_finding_names_its_table_its_figure_and_both_rules(study, tmp_path):
    figures = {entry.figure: drawn(tmp_path) for entry in BY_SECTION[study].findings}
    text = page_html(page(study, figures))
    for entry in BY_SECTION[study].findings:
        source = BY_SECTION[study].tables[entry.table]
        assert f'href="{entry.table}.parquet"' in text
        assert f"<code>{source.rule}</code>" in text
        assert f'href="figures/{entry.figure}.svg"' in text
        assert "rule <code>draw_figures</code>" in text
        assert not source.page or f'href="tables/{source.page}.html"' in text
    assert text.count("<img ") == len(BY_SECTION[study].findings)
    assert text.count("<section>") == 1 + len(BY_SECTION[study].findings)


def test_text_is_escaped_and_numbers_are_readable(tmp_path):
    text = page_html(page("permuted", {"plasticity_by_task": drawn(tmp_path)}))
    assert "<p>A &lt; B (n = 3 seeds).</p>" in text
    assert "1, 2 &amp; 3" in text
    assert 'alt="t. Two &lt; three."' in text
    assert "<th>estimate of</th>" in text
    assert "<td>−0.1235</td>" in text
    assert "nan" not in re.sub(r"base64,[^\"]*", "", text).lower()


def test_nothing_is_fetched(tmp_path):
    figures = {entry.figure: drawn(tmp_path) for entry in BY_SECTION["warm_start"].findings}
    text = page_html(page("warm_start", figures))
    assert not re.search(r"(?:src|href)=\"(?:https?:|//|/)|@import|<link|url\(", text)


def test_a_figure_that_was_not_drawn_is_named(tmp_path):
    text = page_html(page("permuted", {}))
    assert "<img" not in text
    assert text.count("not among this run’s figures") == len(BY_SECTION["permuted"].findings)


def test_a_large_figure_is_shown_as_png(tmp_path):
    small, large = drawn(tmp_path), drawn(tmp_path, size=300_000)
    assert small.address.startswith("data:image/svg+xml;base64,")
    assert large.address == "data:image/png;base64," + base64.b64encode(b"picture").decode()
    assert small.text == large.text == "t. Two < three."


def test_a_page_never_grows_beyond_what_a_report_can_open():
    images = {name: Image("data:image/png;base64," + 600_000 * "A", "") for name in ("plasticity_gap", "dose_response")}
    images |= {entry.figure: images["dose_response"] for entry in BY_SECTION["warm_start"].findings}
    text = page_html(page("warm_start", images))
    assert len(text.encode()) < LARGEST_PAGE
    assert text.count("<img ") == 2
    assert 4 / 3 * LARGEST_PAGE < 2 * 1024**2  # as Snakemake embeds it, and Chrome opens it
