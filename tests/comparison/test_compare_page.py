"""The page of a comparison in a browser: light and dark, wide and narrow, without the net."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from alexnet_pipe.comparison.compare_page import write_page
from alexnet_pipe.comparison.compared import compare_versions
from tests.browser import chromium, needs_chromium
from tests.comparison.test_compared import revision, write_store

LONG = "a-branch-with-a-name-that-is-longer-than-any-telephone-is-wide"

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("versions")
    write_store(folder, "abcdef")
    changes = {"train.location": "x" * 90}
    write_page(
        folder / "page.html", compare_versions(revision(folder, LONG, "abc", **changes), revision(folder, "two", "def"))
    )
    return (folder / "page.html").as_uri()


@pytest.fixture(params=[(360, "light"), (360, "dark"), (1440, "light"), (1440, "dark")], ids=str)
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, which has asked for no other file and has complained of nothing."""
    width, scheme = request.param
    found = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    found.on("request", lambda request: asked.append(request.url))
    found.on("console", lambda said: asked.append(said.text))
    found.goto(address)
    yield found
    assert [url for url in asked if not url.startswith("data:")] == [address]
    found.close()


def test_it_fits_its_images_are_there_and_axe_finds_nothing_serious(page: Page) -> None:
    width, shown = page.evaluate("[document.scrollingElement.scrollWidth, window.innerWidth]")
    assert width <= shown
    assert page.eval_on_selector_all("img", "found => found.map(image => image.naturalWidth)") == [128] * 6
    findings = Axe().run(page).response["violations"]
    assert [finding["id"] for finding in findings if finding["impact"] in ("serious", "critical")] == []
