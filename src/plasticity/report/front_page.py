"""The report's first page: of each section the question, what ran, and every finding with its number and its figure.

Snakemake renders the page by Jinja, which asks for `{{ front() }}`. The findings come from the digest that the summary
leaves beside its page; until there is one, a section is described without results. The figures are in the report
already: the page shows them from there.
"""

import html
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from plasticity.report.summary.digest import Digest, DigestFinding

DIGEST = "summary.json"
_NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_OPEN = (
    "javascript:app.setView({{navbarMode:'resultinfo',resultPath:'{path}',"
    "content:'img',contentPath:results['{path}'].data_uri}})"
)


def front_of(
    config: Mapping[str, Any],
    sections: Mapping[str, Any],
    folder: Callable[[str], str] = "results/{}".format,
    across: str = "",
) -> Callable[[], str]:
    """Return the function `front` of the report's front page.

    Args:
        config: The checked configuration.
        sections: Its sections that run, each with the study that it is of: `titled`, the template `front`.
        folder: Returns the folder of a section's results, as the report calls it.
        across: What the folder is called that has a digest of all sections together; empty for none.
    """

    def front() -> str:
        folders = {name: folder(name) for name in sections}
        parts = [_section(name, study, config[name], folders[name]) for name, study in sections.items()]
        together = _section_of("Across sections", folder(across)) if across and _digest(folder(across)).findings else []
        return "\n\n".join([*parts, *together, *_software(folders)])

    return front


def software(folders: Iterable[str]) -> list[str]:
    """Return Python and the packages that made the sections' tables, each with its version, every version once."""
    ran = [each for folder in folders for each in _digest(folder).versions.items()]
    return [f"{package} {version}" for package, version in dict.fromkeys(ran)]


def _digest(folder: str) -> Digest:
    path = Path(folder) / DIGEST
    return Digest.read(path) if path.is_file() else Digest(question="", ran={}, findings=(), versions={}, commit="")


def _section(name: str, study: Any, section: Mapping[str, Any], folder: str) -> str:
    """Return the part of a section: its findings, and folded below them how it was run."""
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    how = environment.from_string(study.front.read_text(encoding="utf-8")).render(study=section)
    folded = [_raw("<details><summary>How it was run</summary>"), how, _raw("</details>")]
    return "\n\n".join([*_section_of(study.titled(name), folder), *folded])


def _section_of(title: str, folder: str) -> list[str]:
    """Return a heading and what the digest of a folder tells, nothing if there is none yet."""
    digest, heading = _digest(folder), f"{title}\n{'-' * len(title)}"
    if not digest.findings:
        return [heading]
    found = [finding for finding in digest.findings if not finding.missing]
    shown = [_finding(finding, folder, first=finding is found[0]) for finding in found]
    asked = f'<p class="question">{html.escape(digest.question)}</p>'
    return [heading, _raw("\n".join([asked, _ran(digest.ran), *shown, _missing(digest)]))]


def _ran(ran: Mapping[str, str]) -> str:
    facts = "".join(f"<dt>{html.escape(key)}</dt><dd>{html.escape(value)}</dd>" for key, value in ran.items())
    return f'<dl class="ran">{facts}</dl>'


def _finding(found: DigestFinding, folder: str, *, first: bool) -> str:
    """Return a finding: its sentence, and its figure, of which the section's first is open."""
    title = found.title if found.title.endswith("?") else f"{found.title}."
    said = f"<p><strong>{html.escape(title)}</strong> {html.escape(found.sentence)}</p>"
    if not found.figure:
        return said
    path = f"{folder}/figures/{found.figure}.svg"
    shown = f"this.onload=null;this.src=results['{path}'].data_uri"
    picture = f'<img src="{_NOTHING}" onload="{shown}" alt="{html.escape(found.text)}">'
    link = f'<a href="{_OPEN.format(path=path)}" title="with its caption">{picture}</a>'
    return f"{said}\n<details{' open' if first else ''}><summary>Figure</summary>\n{link}</details>"


def _missing(digest: Digest) -> str:
    """Return the findings that the run has no rows for, folded."""
    absent = [finding for finding in digest.findings if finding.missing]
    if not absent:
        return ""
    items = "".join(f"<li>{html.escape(f'{each.title}: {each.sentence}')}</li>" for each in absent)
    return f"<details><summary>Not in this run: {len(absent)}</summary><ul>{items}</ul></details>"


def _software(folders: Mapping[str, str]) -> list[str]:
    if not (ran := software(folders.values())):
        return []
    commits = dict.fromkeys(filter(None, (_digest(folder).commit for folder in folders.values())))
    return [f"Software that ran\n-----------------\n\n{', '.join(ran)}; commit {', '.join(commits)}."]


def _raw(text: str) -> str:
    """Return HTML as reStructuredText takes it; docutils refuses lines of more than 10,000 characters."""
    return ".. raw:: html\n\n" + "\n".join(f"   {line}" for line in text.splitlines())
