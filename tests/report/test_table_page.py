"""A table's page in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, sync_playwright

from plasticity.report.html_tables import write_html

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FRAME = pd.DataFrame(
    {
        "arm": ["warm start", "random init", "weight decay 0.1", "weight decay 0.01"],
        "gap": ["+1.50 ± 0.20", "–", "-10.25", "+2.00 [1.00, 3.00]"],
    }
)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    path: Path = tmp_path_factory.mktemp("page") / "table.html"
    write_html(FRAME, path, title="gaps", note="What they are.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page()
        opened.goto(path.as_uri())
        yield opened
        browser.close()


def arms(page: Page) -> list[str]:
    return [row.locator("td").first.inner_text() for row in page.locator("tbody tr:visible").all()]


@pytest.mark.slow
def test_a_click_sorts_by_number_and_another_turns_it_round(page: Page) -> None:
    head = page.get_by_text("gap", exact=True)
    head.click()
    assert arms(page) == ["weight decay 0.1", "warm start", "weight decay 0.01", "random init"]
    assert head.get_attribute("aria-sort") == "ascending"
    head.click()
    assert arms(page)[1:] == ["weight decay 0.01", "warm start", "weight decay 0.1"]


def test_words_are_sorted_as_words_by_the_keyboard_as_well(page: Page) -> None:
    page.get_by_text("arm", exact=True).press("Enter")
    assert arms(page) == sorted(FRAME["arm"])


def test_the_field_keeps_the_rows_that_hold_all_words(page: Page) -> None:
    field = page.get_by_role("searchbox")
    field.fill("decay 0.1")
    assert arms(page) == ["weight decay 0.1"]
    field.fill("")
    assert len(arms(page)) == 4
