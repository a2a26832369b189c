"""The report's first page tells of every section what its digest holds, and stands without one."""

import html
import re
import warnings
from pathlib import Path
from typing import Any

import yaml
from docutils.core import publish_parts

from of_studies import BY_SECTION, TINY_AGENTS, TINY_LOCOMOTION
from plasticity.report.front_page import DIGEST, front_of, software
from plasticity.report.summary.digest import Digest, DigestFinding
from plasticity.studies.configuration import load_config

ROOT = Path(__file__).parents[2]
FINDINGS = (
    DigestFinding(
        title="Cost", sentence="It costs 2.0 pp [1.0, 3.0] & is < 4.", figure="gap", text='A "gap". Two lines.'
    ),
    DigestFinding(title="Phases", sentence="Inconclusive: 0.1 [−0.2, 0.4].", figure="windows"),
    DigestFinding(title="Not drawn", sentence="r = 0.5 [0.4, 0.6]."),
    DigestFinding(title="Doses", sentence="No arms with doses.", figure="doses", missing=True),
)


def front(folder: Path, *sections: str, **digest: Any) -> str:
    """Return the page of sections, whose digests are written if there is any, as HTML."""
    demo = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    config = load_config({**demo, "agents": TINY_AGENTS, "locomotion": TINY_LOCOMOTION}, root=ROOT)
    for section in sections if digest else ():
        found = Digest(**{"question": "Why?", "ran": {}, "findings": (), "versions": {}, "commit": "", **digest})
        (folder / section).mkdir()
        (folder / section / DIGEST).write_text(found.canonical(), encoding="utf-8")
    text = front_of(config, {name: BY_SECTION[name] for name in sections}, lambda name: f"{folder}/{name}")()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # Snakemake's own call, `writer_name`
        strict = {"halt_level": 2, "report_level": 2}
        page = f"Top\n===\n\n{text}"
        parts: dict[str, Any] = {**publish_parts(page, writer_name="html", settings_overrides=strict)}
    return parts["html_body"]


def test_every_finding_has_its_sentence_and_its_figure(tmp_path: Path) -> None:
    body = front(tmp_path, "warm_start", findings=FINDINGS, ran={"Seeds": "1, 2 & 3"})
    for found in FINDINGS:
        assert html.escape(found.sentence) in body
    assert "<dt>Seeds</dt><dd>1, 2 &amp; 3</dd>" in body
    path = f"{tmp_path}/warm_start/figures/gap.svg"
    assert f"contentPath:results['{path}'].data_uri" in body
    assert 'alt="A &quot;gap&quot;. Two lines."' in body
    assert body.count("<img ") == 2  # what was not drawn, or not found, has none
    assert body.count("<details open>") == 1  # the first figure; the others open at a click
    assert body.index("Not in this run: 1") > body.index("r = 0.5")
    assert body.index("How it was run") > body.index("Not in this run: 1")


def test_what_holds_across_sections_follows_them(tmp_path: Path) -> None:
    (tmp_path / "across").mkdir()
    page = front_of({}, {}, lambda name: f"{tmp_path}/{name}", across="across")
    assert page() == ""  # there is no digest yet
    digest = Digest(question="Why?", ran={}, findings=FINDINGS[:1], versions={}, commit="")
    (tmp_path / "across" / DIGEST).write_text(digest.canonical(), encoding="utf-8")
    assert "Across sections\n---------------" in page()
    assert f"results['{tmp_path}/across/figures/gap.svg']" in page()


def test_a_page_of_long_findings_is_no_long_line(tmp_path: Path) -> None:
    long = [
        DigestFinding(title="Long", sentence="word " * 400, figure=f"f{place}", text="word " * 800)
        for place in range(6)
    ]
    assert front(tmp_path, "permuted", findings=tuple(long)).count("<img ") == 6


def test_without_results_it_says_what_will_run(tmp_path: Path) -> None:
    body = front(tmp_path, *BY_SECTION)
    assert body.count('<div class="section"') == body.count("<details>") == len(BY_SECTION)
    assert "<img" not in body
    assert "Software" not in body
    assert software([str(tmp_path)]) == []


def test_it_names_the_versions_that_ran_each_once(tmp_path: Path) -> None:
    versions = {"python": "3.11.7", "torch": "2.9"}
    body = front(tmp_path, "warm_start", "permuted", versions=versions, commit="abc")
    assert "<p>python 3.11.7, torch 2.9; commit abc.</p>" in re.sub(r"\s+", " ", body)
    folders = [f"{tmp_path}/{name}" for name in ("warm_start", "permuted")]
    other = Digest.read(Path(folders[1]) / DIGEST).overridden({"versions": {**versions, "torch": "2.8"}})
    (Path(folders[1]) / DIGEST).write_text(other.canonical(), encoding="utf-8")
    assert software(folders) == ["python 3.11.7", "torch 2.9", "torch 2.8"]


def test_the_digest_lies_where_the_rule_writes_it() -> None:
    assert f"{{RESULTS}}/{DIGEST}" in (ROOT / "workflow/rules/analysis.smk").read_text(encoding="utf-8")
