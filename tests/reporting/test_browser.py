"""The page in a real browser: complete, quiet, legible in both themes and on a telephone, and its tables copied."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from alexnet_pipe.reporting.page import render_report
from tests.browser import chromium, needs_chromium
from tests.reporting.results import CERTIFICATE, ORIGIN, PARAMETERS, made_up

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with everything on it, as a file."""
    path = tmp_path_factory.mktemp("report") / "index.html"
    results = replace(made_up(classes=7, images=21), certificate=CERTIFICATE)
    parameters = {**PARAMETERS, "dataset": {"source": "imagenet", "location": "a" * 300}}
    path.write_text(render_report(results, parameters, ORIGIN), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that may use the clipboard."""
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        yield context.new_page()


def test_it_loads_every_picture_without_a_request_or_a_complaint(page: Page, address: str) -> None:
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == [address]
    widths = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    assert len(widths) > 30
    assert all(widths)


def test_it_may_not_fetch_anything_even_if_it_tried(page: Page, address: str) -> None:
    page.goto(address)
    refused = "document.addEventListener('securitypolicyviolation', event => done(event.effectiveDirective))"
    load = "document.body.appendChild(new Image()).src = 'http://127.0.0.1:9/picture.png'"
    assert page.evaluate(f"() => new Promise(done => {{ {refused}; {load}; }})") == "img-src"


@pytest.mark.parametrize("width", [360, 1440])
def test_it_is_never_wider_than_the_window(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.scrollingElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_both_themes(page: Page, address: str, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    assert dark == (scheme == "dark")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    violations = Axe().run(page).response["violations"]
    grave = [(one["id"], one["nodes"][0]["html"]) for one in violations if one["impact"] in ("serious", "critical")]
    assert grave == []


def test_a_table_is_copied_as_csv_by_the_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    button = page.get_by_role("button", name="Copy as CSV: Published for the same data")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('said').textContent")
    assert page.get_by_role("status").text_content() == "Copied: Published for the same data"
    rows = list(csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert rows[0] == ["network", "tested on", "views", "top-1 error", "top-5 error", "source"]
    # Numbers are whole, not as they are printed; a comma is part of the name.
    assert rows[2][:5] == ["AlexNet, one network", "LSVRC-2012 validation", "10", "0.407", "0.182"]


def test_every_table_has_its_button_and_the_findings_leave_their_pictures_out(page: Page, address: str) -> None:
    page.goto(address)
    assert page.locator("table").count() == page.locator("button.copy").count()
    page.get_by_role("button", name="Copy as CSV: Findings about single files").click()
    page.wait_for_function("document.getElementById('said').textContent")
    header = page.evaluate("navigator.clipboard.readText()").splitlines()[0]
    assert header == "file,class,split,outcome,reason,detail"


def test_print_is_dark_on_white_without_buttons(page: Page, address: str) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(address)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(32, 36, 42)"
    assert not page.locator("button.copy").first.is_visible()
    assert not page.get_by_role("navigation").is_visible()


def test_the_skip_link_is_the_first_stop_of_the_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["y"] >= 0  # type: ignore[index]
