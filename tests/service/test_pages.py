"""The reports' pages are served to this machine, and nothing else is."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from alexnet_pipe.service.pages import served_pages
from tests.service.services import free_port


def get(address: str) -> tuple[int, str, str]:
    """Status, type and text."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", ""


def test_a_page_is_served_as_it_is_now(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    with served_pages({"/report/": page}, free_port()) as address:
        assert get(f"{address}/report/")[0] == 404
        for text in ("<p>old", "<p>σ new"):
            page.write_text(text, encoding="utf-8")
            assert get(f"{address}/report/") == (200, "text/html; charset=utf-8", text)
        assert get(f"{address}/report?x=1")[2] == "<p>σ new"


def test_nothing_else_is_served(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    for file in ("report/index.html", "report/other.html", "secret.txt"):
        (tmp_path / file).write_text(file)
    with served_pages({"/report/": tmp_path / "report/index.html"}, free_port()) as address:
        for path in (
            "/",
            "/report/other.html",
            "/secret.txt",
            "/report/../secret.txt",
            "/report/%2e%2e/secret.txt",
            "//",
        ):
            assert get(address + path)[0] == 404, path


@pytest.mark.parametrize("port", [0, 70000])
def test_a_port_that_cannot_be_had_is_replaced(tmp_path: Path, port: int) -> None:
    page = tmp_path / "index.html"
    page.write_text("here")
    with served_pages({"/report/": page}, free_port()) as first:
        taken = port or int(first.rpartition(":")[2])
        with served_pages({"/report/": page}, taken) as second:
            assert second != first
            assert get(f"{second}/report/")[2] == "here"
