"""The documentation site builds without a warning, and every link in it leads somewhere."""

import subprocess
import sys
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Page(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links |= {value for name in ("href", "src") if (value := found.get(name))}
        self.anchors |= {value for name in ("id", "name") if (value := found.get(name))}


def lost(site: Path) -> dict[str, set[str]]:
    """Return per page the links within the site that lead nowhere."""
    files = (path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts)  # the theme's templates
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files}
    nowhere = defaultdict(set)
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {parts.fragment}
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
                nowhere[str(path.relative_to(site))].add(link)
    return dict(nowhere)


@pytest.mark.slow
def test_site_builds_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    site = tmp_path.resolve() / "site"
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--builder", "html"]
    built = subprocess.run([*command, str(ROOT / "docs"), str(site)], check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert {"index.html", "tutorial.html", "studies/warm_start.html"} <= {
        str(path.relative_to(site)) for path in site.rglob("*.html")
    }
    assert lost(site) == {}


def test_lost_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text('<p id="here"></p>', encoding="utf-8")
    (tmp_path / "index.html").write_text(
        '<a href="there.html#here"></a><a href="there.html#gone"></a><a href="gone.html"></a><a href="#no"></a>',
        encoding="utf-8",
    )
    assert lost(tmp_path.resolve()) == {"index.html": {"there.html#gone", "gone.html", "#no"}}
