"""What a section's summary says, in a file that the report's first page is made from."""

import html
import re
from pathlib import Path

from plasticity.config.settings import Settings

_DESCRIPTION = re.compile(r"<title[^>]*>(.*?)</title>\s*<desc[^>]*>(.*?)</desc>", flags=re.DOTALL)


class DigestFinding(Settings):
    """A finding as the digest shows it.

    Attributes:
        title: Its heading.
        sentence: The sentence.
        figure: Name of its figure; empty if that was not drawn.
        text: Alt text of the figure.
        missing: The run has no rows for it; the sentence says what is missing.
    """

    title: str
    sentence: str
    figure: str = ""
    text: str = ""
    missing: bool = False


class Digest(Settings):
    """A section's summary in short.

    Attributes:
        question: What its study asks.
        ran: What was run, in words, by what it is.
        findings: Its findings in their order.
        versions: Version of Python and of each package that made its table of metrics.
        commit: Commit of the code that did.
    """

    question: str
    ran: dict[str, str]
    findings: tuple[DigestFinding, ...]
    versions: dict[str, str]
    commit: str

    @classmethod
    def read(cls, path: Path) -> "Digest":
        """Return the digest that a file holds."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))


def alt_text(svg: str) -> str:
    """Return title and description of a figure, as they stand in its SVG; empty where they do not."""
    described = _DESCRIPTION.search(svg)
    return html.unescape(f"{described[1]}. {described[2]}") if described else ""
