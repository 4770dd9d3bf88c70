"""The reports' pages are served, and nothing else is."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from alexnet_pipe.service.server import listening, report_pages


def test_a_page_is_served_as_it_is_now(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    client = TestClient(report_pages({"report": page}))
    assert client.get("/report/").status_code == 404
    for text in ("<p>old", "<p>σ new"):
        page.write_text(text, encoding="utf-8")
        answer = client.get("/report/")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert answer.text == text
    assert client.get("/report?x=1").text == "<p>σ new"


@pytest.mark.parametrize(
    "path",
    ["/", "/report/other.html", "/secret.txt", "/report/../secret.txt", "/report/%2e%2e/secret.txt", "//report"],
)
def test_nothing_else_is_served(path: str, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    for file in ("report/index.html", "report/other.html", "secret.txt"):
        (tmp_path / file).write_text(file)
    client = TestClient(report_pages({"report": tmp_path / "report/index.html"}), base_url="http://127.0.0.1")
    assert client.get(f"http://127.0.0.1{path}").status_code == 404


@pytest.mark.parametrize("port", [0, 70000])
def test_a_port_that_cannot_be_had_is_replaced(port: int) -> None:
    with listening(0) as first:
        taken = port or first.getsockname()[1]
        with listening(taken) as second:
            assert second.getsockname()[1] not in (0, first.getsockname()[1])
