"""The real process: it says what `predict` says, bears what comes, and ends as it should."""

import json
import os
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from struct import pack

import httpx
import psutil
import pytest
from PIL import Image

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from tests.exporting.test_export import classifier
from tests.inference.services import Service, photograph, process, rows, service, shares, wait_until
from tests.patience import HANGS
from tests.preparation.photographs import landscape

TOKEN = "0123456789abcdef-secret"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, and photographs of several kinds, one of which is none."""
    folder = tmp_path_factory.mktemp("service")
    save_model(folder / "m.keras", classifier())
    for name, size in {"a.jpg": (400, 300), "b.png": (33, 90), "c.webp": (300, 300), "d.tif": (256, 256)}.items():
        landscape(*size).save(folder / name)
    (folder / "e.jpg").write_bytes((folder / "a.jpg").read_bytes()[:3000])
    return folder


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Service]:
    with service(folder, "m.keras") as started:
        yield started
        started.process.send_signal(signal.SIGTERM)
        rest, _ = started.process.communicate(timeout=HANGS)
    assert rest == "stopped by SIGTERM\n"
    assert started.process.returncode == 0


@pytest.mark.slow
def test_it_says_what_predict_says(running: Service, folder: Path) -> None:
    names = ["a.jpg", "b.png", "c.webp", "d.tif", "e.jpg"]
    command = [sys.executable, "-m", "alexnet_pipe", "predict", *names, "--model", "m.keras", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    files = [("p", (name, (folder / name).read_bytes())) for name in names]
    answered = rows(running.client.post("/predict", files=files))
    one_by_one = [rows(running.client.post("/predict", files=[file]))[0] for file in files]
    for expected, *found in zip(told, answered, one_by_one, strict=True):
        for row in found:
            assert {**row, "probabilities": 0} == {**expected, "probabilities": 0}
            assert shares(row) == pytest.approx(shares(expected), rel=0, abs=1e-5)
    assert [row["outcome"] for row in told] == ["predicted"] * 4 + ["refused"]


@pytest.mark.slow
def test_it_listens_here_alone_and_starts_neither_keras_nor_tensorflow(running: Service) -> None:
    this = psutil.Process(running.process.pid)
    assert [c.laddr.ip for c in this.net_connections() if c.status == "LISTEN"] == ["127.0.0.1"]
    assert not [each.path for each in this.memory_maps() if "tensorflow" in each.path or "jaxlib" in each.path]


def bomb() -> bytes:
    """A PNG of 400 million pixels in 50 kB."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    header = pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    squeezed = zlib.compress(bytes(50_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", squeezed) + chunk(b"IEND", b"")


@pytest.mark.slow
def test_hostile_photographs_are_refused_and_others_beside_them_answered(running: Service) -> None:
    good = rows(running.predict(photograph(1)))[0]
    found = rows(running.predict(b"nothing", bomb(), photograph(1), b"", photograph(2)[:200], b"\x1f\x8b"))
    reasons = [str(row["reason"]).partition(":")[0] for row in found]
    assert reasons == ["not an image", "too many pixels", "None", "empty", "truncated", "truncated"]
    assert shares(found[2]) == pytest.approx(shares(good), rel=0, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200),
        (b"GET /health HTTP/1.1\r\nHost: attacker.example\r\n\r\n", 403),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://attacker.example\r\n\r\n", 403),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: null\r\n\r\n", 403),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", 415),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 200_000, 400),
        (b"nothing\r\n\r\n", 400),
    ],
)
def test_a_request_of_any_bytes_gets_a_status(running: Service, request_: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(request_)
        assert int(connection.recv(100).split()[1]) == status


@pytest.mark.slow
def test_a_form_that_is_torn_is_an_error_and_no_fewer_photographs(running: Service) -> None:
    whole = httpx.Request("POST", running.address, files=[("p", ("1.png", photograph(n))) for n in (1, 2)])
    kind, body = whole.headers["Content-Type"], whole.read()
    assert len(rows(running.client.post("/predict", content=body, headers={"Content-Type": kind}))) == 2
    for cut in (10, 60, len(body) // 2, len(body) - 1000):
        torn = running.client.post("/predict", content=body[:-cut], headers={"Content-Type": kind})
        assert (torn.status_code, torn.json()["error"].partition(":")[0]) == (400, "the form ends early")
    # The log, which the fixture looks at, does not grow by what anybody sends.
    assert running.client.post("/predict", content=b"no form", headers={"Content-Type": kind}).status_code == 400
    many = running.predict(*[b"x"] * 65)
    assert (many.status_code, many.json()) == (413, {"error": "a request has at most 64 photographs"})


@pytest.mark.slow
def test_who_sends_too_much_is_told_so_and_not_cut_off(running: Service) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(70):
            yield bytes(1 << 20)

    for content in (bytes(70 << 20), chunks()):
        answer = running.client.post("/predict", content=content)
        assert (answer.status_code, answer.json()) == (413, {"error": "the body has more than 67,108,864 bytes"})
    assert rows(running.predict(photograph(1)))


@pytest.mark.slow
def test_there_is_room_for_so_many_bytes_and_it_comes_back(running: Service) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % (64 << 20)
    held = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(4)]
    for connection in held:
        connection.sendall(head)
    wait_until(lambda: running.measure("alexnet_requests_reading") == 4)
    full = running.predict(photograph(1))
    assert (full.status_code, full.headers["Retry-After"]) == (429, "1")
    for connection in held:
        connection.close()
    wait_until(lambda: running.measure("alexnet_requests_reading") == 0)
    assert rows(running.predict(photograph(1)))[0]["outcome"] == "predicted"


@pytest.mark.slow
def test_under_more_than_it_can_do_some_are_told_to_come_again_and_no_answer_is_wrong(folder: Path) -> None:
    with service(folder, "m.keras", "--queue", "2") as small:
        expected = [shares(rows(small.predict(photograph(n)))[0]) for n in range(8)]

        def ask(number: int) -> httpx.Response:
            return small.predict(photograph(number % 8))

        seen = {200: 0, 429: 0}
        with ThreadPoolExecutor(16) as clients:
            while not all(seen.values()):
                for number, answer in enumerate(clients.map(ask, range(64))):
                    seen[answer.status_code] += 1  # No other status.
                    if answer.status_code == 429:
                        assert int(answer.headers["Retry-After"]) >= 1
                    else:
                        assert shares(rows(answer)[0]) == pytest.approx(expected[number % 8], rel=0, abs=1e-5)
        wait_until(lambda: small.measure("alexnet_photographs_waiting") == 0)
        assert rows(small.predict(photograph(3), photograph(4)))


def half_of_a_request(service: Service) -> tuple[socket.socket, bytes]:
    """One that is being read, and what is still to come of it."""
    content = photograph(5)
    head = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
    head += f"Content-Length: {len(content)}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=HANGS)
    connection.sendall(head.encode() + content[:100])
    wait_until(lambda: service.measure("alexnet_requests_reading") == 1)
    return connection, content[100:]


def is_gone(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_request_that_runs_is_answered_before_the_end(folder: Path, number: signal.Signals, status: int) -> None:
    with service(folder, "m.keras") as ending:
        expected = rows(ending.predict(photograph(5)))[0]
        connection, rest = half_of_a_request(ending)
        with connection:
            ending.process.send_signal(number)
            wait_until(lambda: is_gone(ending.port))  # No new request comes in.
            connection.sendall(rest)
            head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert shares(json.loads(body)["photographs"][0]) == pytest.approx(shares(expected), rel=0, abs=1e-5)
        said, _ = ending.process.communicate(timeout=HANGS)
    assert said.splitlines()[-1] == f"{'alexnet-pipe: ' if status else ''}stopped by {number.name}"
    assert ending.process.returncode == status


@pytest.mark.slow
def test_a_request_that_never_comes_does_not_hold_the_end_up(folder: Path) -> None:
    with service(folder, "m.keras") as ending:
        connection, _ = half_of_a_request(ending)
        with connection:
            ending.process.send_signal(signal.SIGTERM)
            said, _ = ending.process.communicate(timeout=HANGS)
    assert ending.process.returncode == 0
    assert said.splitlines()[-1] == "stopped by SIGTERM"
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_file_that_changes_is_taken_without_an_error_and_one_that_is_none_is_not(tmp_path: Path) -> None:
    models = {name: Classifier(["a", "b"], width=0.05, initialisation="he", seed=n) for n, name in enumerate("xy")}
    for name, model in models.items():
        save_model(tmp_path / f"{name}.keras", model)
    os.link(tmp_path / "x.keras", tmp_path / "m.keras")
    content = photograph(7)
    with service(tmp_path, "m.keras") as following:
        expected = {}

        def answer(_: int) -> tuple[str, dict[str, float]]:
            response = following.predict(content)
            return response.json()["model"]["version"], shares(rows(response)[0])

        def ask_until_it_changes() -> None:
            before, seen = answer(0)
            expected[before] = seen
            while True:
                for version, found in clients.map(answer, range(8)):
                    if version != before:
                        expected[version] = answer(0)[1]
                        return
                    assert found == pytest.approx(expected[version], rel=0, abs=1e-5)

        with ThreadPoolExecutor(4) as clients:
            os.link(tmp_path / "y.keras", tmp_path / "new")
            (tmp_path / "new").replace(tmp_path / "m.keras")
            ask_until_it_changes()
            assert following.says().startswith("m.keras: weights ")
            assert len({tuple(found.items()) for found in expected.values()}) == 2
            broken = tmp_path / "broken"
            broken.write_bytes((tmp_path / "x.keras").read_bytes()[:-5000])
            broken.replace(tmp_path / "m.keras")
            said = following.says()
            assert said.startswith(
                "m.keras: the model of before goes on, as the new one cannot be had: m.keras is not a "
            )
            version, found = answer(0)
            assert found == pytest.approx(expected[version], rel=0, abs=1e-5)
            os.link(tmp_path / "x.keras", tmp_path / "new")
            (tmp_path / "new").replace(tmp_path / "m.keras")
            ask_until_it_changes()
        assert following.measure('alexnet_model_loads_total{outcome="loaded"}') == 3
        assert following.measure('alexnet_model_loads_total{outcome="refused"}') == 1


@pytest.mark.slow
@pytest.mark.parametrize("given", ["environment", "file"])
def test_with_a_token_nobody_else_is_answered(folder: Path, given: str) -> None:
    (folder / "token").write_text(f"{TOKEN}\n")
    told = {"ALEXNET_TOKEN": TOKEN} if given == "environment" else {"ALEXNET_TOKEN_FILE": "token"}
    with service(folder, "m.keras", "--host", "0.0.0.0", **told) as open_:
        open_.client.base_url = f"http://127.0.0.1:{open_.port}"

        def status(path: str, **headers: str | bytes) -> int:
            return open_.client.get(path, headers=headers).status_code

        bearer = {"Authorization": f"Bearer {TOKEN}"}
        wrong = ["", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", "Bearer", b"Bearer \xff"]
        for path in ("/model", "/metrics", "/v2", "/v2/models/alexnet", "/nothing"):
            assert [status(path), *(status(path, Authorization=each) for each in wrong)] == [401] * 8
        refused = open_.predict(photograph(1))
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert [status(path) for path in ("/health", "/ready", "/v2/health/live", "/v2/health/ready")] == [200] * 4
        assert [status("/model", **bearer), status("/nothing", **bearer)] == [200, 404]
        # An address is no name that could lead elsewhere; a name may.
        assert status("/model", Host="10.1.2.3:8000", **bearer) == 200
        assert status("/model", Host="service.example", **bearer) == 403
        assert status("/model", Origin="http://attacker.example", **bearer) == 403
        # What is started for some kinds of photographs is not told the token.
        assert rows(open_.predict((folder / "c.webp").read_bytes(), headers=bearer))[0]["outcome"] == "predicted"
        (decoder,) = psutil.Process(open_.process.pid).children()
        assert TOKEN not in str(decoder.environ())


@pytest.mark.slow
def test_behind_a_proxy_it_has_the_name_that_it_was_told(folder: Path) -> None:
    with service(folder, "m.keras", "--origin", "https://service.example") as named:
        welcome, strange = ("service.example", "127.0.0.1"), ("other.example", "service.example.other.example")
        told = [named.client.get("/model", headers={"Host": name}).status_code for name in (*welcome, *strange)]
    assert told == [200, 200, 403, 403]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        (["none.keras"], {}, "alexnet-pipe: none.keras is no file, and "),
        (["e.jpg"], {}, "alexnet-pipe: e.jpg is a photograph"),
        (["m.keras", "--host", "0.0.0.0"], {}, "alexnet-pipe: --host 0.0.0.0 is open to others: put a token of 16 "),
        (["m.keras", "--origin", "*"], {}, "alexnet-pipe: --origin *: give scheme and host, as https://photographs."),
        (["m.keras", "--origin", "service.example"], {}, "alexnet-pipe: --origin service.example: give scheme and "),
        (["m.keras"], {"ALEXNET_TOKEN": "short"}, "alexnet-pipe: ALEXNET_TOKEN holds no token: 16 or more letters"),
        (["m.keras"], {"ALEXNET_TOKEN_FILE": "no"}, "alexnet-pipe: ALEXNET_TOKEN_FILE, no, cannot be read: No such"),
        (["m.keras", "--host", "192.0.2.1"], {"ALEXNET_TOKEN": TOKEN}, "alexnet-pipe: port 0 of 192.0.2.1 cannot be "),
    ],
)
def test_what_cannot_be_served_is_one_line(
    folder: Path, arguments: list[str], environment: dict[str, str], line: str
) -> None:
    with process(folder, *arguments, **environment) as ended:
        said, _ = ended.communicate(timeout=HANGS)
    assert ended.returncode == 1
    assert said.startswith(line)
    assert len(said.splitlines()) == 1


@pytest.mark.slow
def test_an_image_of_one_pixel_is_refused_as_predict_does(running: Service, folder: Path) -> None:
    Image.new("RGB", (1, 1)).save(folder / "one.png")
    (row,) = rows(running.predict((folder / "one.png").read_bytes()))
    assert row["reason"] == "too small: 1×1 pixels"
