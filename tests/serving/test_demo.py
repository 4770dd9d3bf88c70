"""The demo: what it says of a photograph, and the page in a browser."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect
from scipy.spatial.distance import cdist

from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.error_rates import predict
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_stored, save_model
from alexnet_pipe.portable.network import network_of
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving import demo_page as explanation
from alexnet_pipe.serving.demo_page import Explainer, explanation_html
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import CLASSES_FILE, RESIZE_FILE, write_classes
from tests.browser import chromium, needs_chromium
from tests.patience import HANGS
from tests.preparation.photographs import landscape
from tests.stores import training_folder

ODD = ("<b>${1 + 1}</b>", f"{{{{value}}}} & {'long' * 30}")
"""Class names that are markup, or templates, to something; and one that is wider than a telephone."""


@pytest.fixture
def workspace(tmp_path: Path) -> Artifacts:
    return workspace_in(tmp_path)


def workspace_in(folder: Path) -> Artifacts:
    artifacts = training_folder(folder, images=10, validation=2)
    write_classes(artifacts.images / CLASSES_FILE, ODD)
    return artifacts


def classifier(classes: tuple[str, ...] = ODD) -> Classifier:
    resize = {"policy": "squash", "background": "black"}
    return Classifier(classes, resize, width=0.05, initialisation="he", seed=4)


def saved(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_a_photograph_gets_what_the_evaluation_says_and_its_nearest_in_fc7(workspace: Artifacts) -> None:
    model = classifier()
    store = ImageStore.open(workspace.images, "train")
    evaluated = predict(FeatureNetwork(model), store)
    found = Explainer(network_of(as_stored(model)), workspace).explain(saved(workspace.root / "photo.png", store[3]))
    np.testing.assert_array_equal(found.pixels, store[3])
    assert list(found.probabilities) == [ODD[label] for label in evaluated.ten_view.classes[3]]
    np.testing.assert_allclose(list(found.probabilities.values()), evaluated.ten_view.probabilities[3], rtol=1e-4)
    distances = cdist(evaluated.features[3:4], evaluated.features)[0]
    nearest = np.argsort(distances)[:6]
    assert nearest[0] == 3
    for neighbour, index in zip(found.neighbours, nearest, strict=True):
        np.testing.assert_array_equal(neighbour.pixels, store[index])
        assert neighbour.label == ODD[index % 2]
        assert neighbour.distance == pytest.approx(distances[index], rel=1e-3, abs=1e-2)


def test_fc7_is_computed_once_for_the_same_weights_and_store(
    workspace: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[object] = []
    compute = explanation.fc7_batches
    monkeypatch.setattr(explanation, "fc7_batches", lambda *given: (computed.append(given), compute(*given))[1])
    first = Explainer(network_of(as_stored(classifier())), workspace).training
    again = Explainer(network_of(as_stored(classifier())), workspace).training
    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(first.features, again.features)
    assert len(computed) == 1
    trained = classifier()
    bias = trained.network.get_layer("fc7").bias
    bias.assign(bias + 1)
    Explainer(network_of(as_stored(trained)), workspace)
    assert len(computed) == 2
    save_json(workspace.images / RESIZE_FILE, {"policy": "crop", "background": "black"})
    Explainer(network_of(as_stored(trained)), workspace)
    assert len(computed) == 3
    assert len(list((workspace.checkpoints / "demo").iterdir())) == 1


def test_of_many_training_images_some_of_each_class_are_compared(
    workspace: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanation, "COMPARED", 4)
    explainer = Explainer(network_of(as_stored(classifier())), workspace)
    assert explainer.training is not None
    assert explainer.training.compared == [0, 3, 6, 9]
    photograph = saved(workspace.root / "photo.png", ImageStore.open(workspace.images, "train")[6])
    assert len(explainer.explain(photograph).neighbours) == 4
    np.testing.assert_array_equal(explainer.explain(photograph).neighbours[0].pixels, explainer.training.store[6])
    assert "among 4 of 10 training images" in explanation_html(explainer, photograph)


def test_without_comparable_training_images_the_page_says_why_and_the_rest_stays(
    workspace: Artifacts, tmp_path: Path
) -> None:
    photograph = saved(tmp_path / "photo.png", np.zeros((20, 30, 3), np.uint8))
    others = explanation_html(Explainer(network_of(as_stored(classifier(("a", "b")))), workspace), photograph)
    assert "images has other classes than the model was trained on." in others
    nothing = explanation_html(
        Explainer(network_of(as_stored(classifier())), Artifacts(tmp_path / "elsewhere")), photograph
    )
    assert "elsewhere/data/images/index.parquet is missing" in nothing
    for page in (others, nothing):
        assert "Training image of" not in page
        assert len(re.findall(r'class="n">\d+\.\d\xa0%<', page)) == 2


def test_a_refused_photograph_shows_its_reason_and_names_are_no_markup(workspace: Artifacts) -> None:
    explainer = Explainer(network_of(as_stored(classifier())), workspace)
    broken = workspace.root / "<img src=x>.jpg"
    broken.write_bytes(b"nothing")
    with pytest.raises(RefusedError, match="not an image"):
        explainer.explain(broken)
    refused = explanation_html(explainer, broken)
    assert "Not an image: no decoder knows it." in refused
    assert "&lt;img src=x&gt;.jpg" in refused
    assert "<img" not in refused
    shown = explanation_html(explainer, saved(workspace.root / "photo.png", np.zeros((20, 20, 3), np.uint8)))
    assert "&lt;b&gt;${1 + 1}&lt;/b&gt;" in shown
    assert "<b>" not in shown


def test_without_gradio_the_command_says_how_to_get_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['gradio'] = None; from alexnet_pipe.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code, "demo"], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == "alexnet-pipe: Gradio is missing: run `make setup`, or `pip install 'alexnet-pipe[demo]'`\n"


WATCHED = """
import sys

def watch(event, given):
    host = given[1][0] if event == "socket.connect" else given[0] if event == "socket.getaddrinfo" else "127.0.0.1"
    if host != "127.0.0.1":
        print("outside:", host, flush=True)

sys.addaudithook(watch)
from alexnet_pipe.cli import main
main()
"""
"""The command line, which also prints where it connects to, if that is not this machine."""


@contextmanager
def demo(folder: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A real process; killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-c", WATCHED, "demo", "--port", str(port)],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Demo:
    """One that runs, in `folder`."""

    process: subprocess.Popen[str]
    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def uploads(self) -> Path:
        return self.folder / "uploads"

    def says(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo for several tests, which Ctrl-C ends as it should."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    save_model(workspace_in(folder).model, classifier())
    (folder / "uploads").mkdir()
    # Settings for other pages, and a proxy that is not there.
    shell = {"GRADIO_ROOT_PATH": "http://gradio.invalid", "http_proxy": "http://127.0.0.1:9"}
    with demo(folder, port, TMPDIR=str(folder / "uploads"), **shell) as process:
        started = Demo(process, port, folder)
        assert started.says() == f"demo at {started.address} (Ctrl-C ends it)\n"
        yield started
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate()
    assert process.returncode == 130
    assert rest == "alexnet-pipe: stopped by SIGINT\n"
    # TensorFlow leaves bytecode of what it generates in there.
    assert list(started.uploads.glob("alexnet-pipe-demo-*")) == list(started.uploads.rglob("photo.tif")) == []


@pytest.mark.slow
@needs_chromium
def test_the_page_explains_photographs_in_a_browser_and_nothing_leaves_the_machine(running: Demo) -> None:
    expect.set_options(timeout=1000 * HANGS)
    with chromium() as browser:
        look_at_the_page(browser.new_page(viewport={"width": 360, "height": 800}), running.address, running.folder)
    assert len(list(running.uploads.rglob("photo.tif"))) == 1


def look_at_the_page(page: Page, address: str, folder: Path) -> None:
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    expect(page.get_by_text("models/alexnet.keras: 2 classes, variant paper, weights")).to_be_visible()

    # No browser but one shows TIFF.
    landscape(400, 300).save(folder / "photo.tif")
    field = page.locator("input[type=file]")
    field.set_input_files(folder / "photo.tif")
    expect(page.get_by_role("heading", name="photo.tif")).to_be_visible()
    for name in ODD:
        expect(page.get_by_role("rowheader", name=name)).to_be_visible()
    seen = page.get_by_alt_text("photo.tif as the network sees it")
    pictures = [seen, *page.get_by_alt_text("Training image of").all()]
    assert len(pictures) == 7
    for picture in pictures:
        expect(picture).to_have_js_property("naturalWidth", 256)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    violations = Axe().run(page).response["violations"]
    assert [each["id"] for each in violations if each["impact"] in ("serious", "critical")] == []

    (folder / "broken.jpg").write_bytes(b"nothing")
    field.set_input_files(folder / "broken.jpg")
    expect(page.get_by_role("alert")).to_have_text("broken.jpg is refused. Not an image: no decoder knows it.")
    expect(page.get_by_role("heading", name="photo.tif")).to_have_count(0)

    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert problems == []


@pytest.mark.slow
def test_nobody_else_gets_in_and_no_file_out(running: Demo) -> None:
    listening = [c.laddr.ip for c in psutil.Process(running.process.pid).net_connections() if c.status == "LISTEN"]
    assert listening == ["127.0.0.1"]
    address = running.address
    api, local = f"{address}gradio_api/", requests.Session()
    local.trust_env = False

    def status(path: str, size: int | None = None, **headers: str) -> int:
        files = None if size is None else {"files": ("photo.png", bytes(size))}
        return local.request("POST" if files else "GET", path, files=files, headers=headers).status_code

    assert status(address) == 200
    for foreign in ({"Host": "foreign.example"}, {"Origin": "http://foreign.example"}, {"Origin": "null"}):
        assert [status(address, **foreign), status(f"{api}upload", 10, **foreign)] == [403, 403]
    assert [status(f"{api}upload", 10), status(f"{api}upload", 100_000_001)] == [200, 413]
    secret = running.folder / "secret.txt"
    secret.write_text("secret")
    for name in (secret, "secret.txt", "../secret.txt", "/etc/hostname"):
        assert status(f"{api}file={name}") in (403, 404)


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_line(workspace: Artifacts, tmp_path: Path) -> None:
    save_model(workspace.model, classifier())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, port) as process:
            printed, _ = process.communicate(timeout=HANGS)
    assert process.returncode == 1
    assert printed == f"alexnet-pipe: port {port} of 127.0.0.1 cannot be had: name another with --port\n"


@pytest.mark.slow
def test_what_a_request_breaks_is_one_line(running: Demo) -> None:
    start = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    )
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(start.encode())
    printed = [running.says()]
    for data in (None, 1, {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}):
        answer = requests.post(f"{running.address}gradio_api/run/predict", json={"data": [data], "fn_index": 0})
        assert answer.status_code == 500
        printed.append(running.says())
    kinds = ("ClientDisconnect", "TypeError", "ValidationError", "InvalidPathError")
    assert [line.removeprefix("ERROR:    a request failed: ").split()[0] for line in printed] == list(kinds)
