"""The report as a reader opens it, in a real browser: every page, every figure, and not one request to anywhere."""

import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Locator, Page, expect, sync_playwright

from checkouts import TINY, checkout, snakemake

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CATEGORIES = ("At a glance", "Configuration", "Curves", "Figures", "Published beside this run", "Resources", "Tables")
PAUSE = 300  # ms, within which the report has changed what it shows
PATIENCE = 30_000  # ms, within which a busy machine has drawn what is shown
DRAWN = "image => image.naturalWidth > 200"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = checkout(tmp_path_factory.mktemp("report"))
    snakemake(folder, "--configfile", TINY)
    snakemake(
        folder, "--configfile", TINY, "--report", "report.html", "--report-stylesheet", "workflow/report/report.css"
    )
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


class Reader:
    """Somebody who has opened the report, and notes what goes wrong meanwhile."""

    def __init__(self, page: Page, report: Path) -> None:
        self.page, self.report = page, report
        self.troubles: list[str] = []
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("request", lambda request: self._note(request.url))
        self.open()

    def _note(self, url: str) -> None:
        if not url.startswith((self.report.as_uri(), "data:", "blob:")):
            self.troubles.append(f"request: {url[:200]}")

    def open(self) -> None:
        self.page.goto(self.report.as_uri())
        self.page.get_by_text("General", exact=True).or_(self.page.get_by_text("GENERAL", exact=True)).first.wait_for()

    def entries(self) -> list[str]:
        """Names in the menu below its headings."""
        return [text for text in self.page.locator("li a").all_inner_texts() if text.strip()]

    def click(self, what: Locator) -> None:
        what.first.click()
        self.page.wait_for_timeout(PAUSE)

    def go(self, category: str, subcategory: str) -> None:
        """Open a subcategory; the only one of a category is open already."""
        self.open()
        self.click(self.page.get_by_text(category, exact=True))
        if subcategory:
            self.click(self.page.get_by_text(subcategory, exact=True))


@pytest.fixture
def reader(browser: Browser, report: Path) -> Iterator[Reader]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield Reader(page, report)
    page.close()


def subcategories(reader: Reader, category: str) -> list[str]:
    reader.open()
    reader.click(reader.page.get_by_text(category, exact=True))
    return [text for text in reader.entries() if "digits" in text] or [""]


def test_every_result_is_shown_and_nothing_is_fetched(reader: Reader, report: Path) -> None:
    shown = dict.fromkeys(CATEGORIES, 0)
    for category in CATEGORIES:
        for subcategory in subcategories(reader, category):
            reader.go(category, subcategory)
            eyes = reader.page.locator("a[iconname=eye]")
            for position in range(eyes.count()):
                eyes.nth(position).click()
                reader.page.wait_for_timeout(2 * PAUSE)
                assert_shown(reader.page, category)
                shown[category] += 1
    figures = len(list((report.parent / "results").glob("*/digits/figures/*.svg")))
    tables = len(list((report.parent / "results").glob("*/digits/tables/*.html")))
    assert shown["Figures"] == figures > 0
    assert shown["Tables"] + shown["Published beside this run"] == tables > 0
    assert shown["At a glance"] == len(list((report.parent / "results").glob("*/digits/summary.html"))) == 2
    assert shown["Curves"] == shown["Configuration"] == 1
    assert shown["Resources"] == 3
    assert reader.troubles == []


def assert_shown(page: Page, category: str) -> None:
    """A figure has been decoded; a page inside the report has been opened and holds something."""
    if category == "Figures":
        page.wait_for_function(f"Array.from(document.images).some({DRAWN})", timeout=PATIENCE)
        return
    inner = [frame for frame in page.frames if frame != page.main_frame]
    if inner:
        assert not any("blocked" in frame.url for frame in inner)
        content = {"At a glance": "section", "Curves": "svg", "Configuration": "pre", "Tables": "td"}
        expect(inner[-1].locator(content.get(category, "td, svg"))).not_to_have_count(0, timeout=PATIENCE)
    else:
        assert category == "Resources"  # its figure


def all_drawn(page: Page | Frame, pictures: Locator) -> None:
    """There are pictures, and all of them have been decoded."""
    expect(pictures).not_to_have_count(0, timeout=PATIENCE)
    for image in pictures.all():
        page.wait_for_function(DRAWN, arg=image.element_handle(), timeout=PATIENCE)


def test_every_caption_is_there(reader: Reader) -> None:
    for category in CATEGORIES:
        for subcategory in subcategories(reader, category):
            reader.go(category, subcategory)
            for position in range(reader.page.locator("a[iconname=information-circle]").count()):
                reader.go(category, subcategory)
                reader.page.locator("a[iconname=information-circle]").nth(position).click()
                reader.page.wait_for_timeout(PAUSE)
                text = reader.page.locator("body").inner_text()
                assert re.search(r"digits", text)
                assert "{{" not in text
    assert reader.troubles == []


def test_the_summary_comes_first_and_stands_on_a_phone(reader: Reader) -> None:
    reader.open()
    menu = list(dict.fromkeys(text for text in reader.entries() if text in CATEGORIES))
    assert menu == sorted(CATEGORIES)
    assert menu[0] == "At a glance"
    reader.page.set_viewport_size({"width": 800, "height": 900})  # a third is the menu
    for subcategory in subcategories(reader, "At a glance"):
        reader.go("At a glance", subcategory)
        reader.click(reader.page.locator("a[iconname=eye]"))
        reader.page.wait_for_timeout(2 * PAUSE)
        (frame,) = [frame for frame in reader.page.frames if frame != reader.page.main_frame]
        assert frame.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        all_drawn(frame, frame.locator("img"))
        assert frame.locator("a[href]").count() == 0  # inside the report they would lead nowhere
        assert frame.locator("section p").count() >= 4
    assert reader.troubles == []


def test_the_first_page_shows_findings_and_fits_a_phone(reader: Reader) -> None:
    for width in (1280, 390):
        reader.page.set_viewport_size({"width": width, "height": 844})
        reader.open()
        reader.page.wait_for_timeout(3 * PAUSE)
        shown = reader.page.locator("#app > div > div.grow").first
        assert shown.evaluate("box => box.scrollWidth <= box.clientWidth")
        assert shown.evaluate("box => box.clientWidth / window.innerWidth") > 0.7
        pictures = shown.locator("details img")
        all_drawn(reader.page, pictures)
        assert pictures.first.evaluate("image => image.clientWidth") > 600  # as wide as on paper, so it can be read
    stages = reader.page.evaluate("rulegraph_spec.data[0].values.map(node => node.rule)")
    assert len(set(stages)) == len(stages) > 10
    software = reader.page.evaluate("Object.values(rules)[0].conda_env.dependencies")
    assert f"python {platform.python_version()}" in software
    assert reader.troubles == []


def test_a_caption_leads_to_its_table_and_its_rule(reader: Reader) -> None:
    (study,) = [name for name in subcategories(reader, "Figures") if "warm_start" in name]
    said = reader.page.locator("body")
    for link, target in (
        ("as a page", "tabulate"),
        ("rule find_causes", "run_stage"),
    ):
        reader.go("Figures", study)
        reader.click(reader.page.locator("a[iconname=information-circle]"))  # the first by name: causal estimates
        assert "results/warm_start/digits/causes.parquet" in said.inner_text()
        reader.click(reader.page.locator(".prose a", has_text=link))
        assert target in said.inner_text()
    assert reader.troubles == []


def test_the_front_page_leads_to_the_summary(reader: Reader) -> None:
    reader.open()
    reader.click(reader.page.locator(".prose a", has_text="At a glance"))
    assert any("digits" in text for text in reader.entries())
    assert reader.page.locator("nav, ol, li").filter(has_text="At a glance").count() > 0
    assert reader.troubles == []


def test_curves_show_their_values_on_pointing(reader: Reader) -> None:
    reader.go("Curves", *subcategories(reader, "Curves"))
    reader.click(reader.page.locator("a[iconname=eye]"))
    reader.page.wait_for_timeout(5 * PAUSE)
    (frame,) = [frame for frame in reader.page.frames if frame != reader.page.main_frame]
    frame.locator("path[aria-roledescription=point]").first.hover(force=True)
    tip = frame.locator("#vg-tooltip-element").inner_text()
    assert re.search(r"(full_test|online)_accuracy:?\s+[\d.]+.*seed", tip, flags=re.DOTALL), tip


@pytest.mark.parametrize("width", [400, 1280])
def test_the_first_page_fits_and_is_kept_as_a_picture(
    browser: Browser, report: Path, width: int, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    reader = Reader(page, report)
    page.wait_for_timeout(3 * PAUSE)
    picture = tmp_path / f"report_{width}.png"
    page.screenshot(path=picture)
    assert picture.stat().st_size > 10_000
    assert page.evaluate("document.documentElement.scrollWidth") <= width + 1
    top = page.locator(".prose h1").first.bounding_box()
    assert top is not None
    assert top["y"] >= 0  # what is above the window's edge cannot be scrolled to
    assert reader.troubles == []
    page.close()
