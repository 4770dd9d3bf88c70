"""A transfer goes on where it stopped, whatever the server does; what came counts only if its digest is right."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from alexnet_pipe.base import progress
from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets import transfer
from alexnet_pipe.datasets.transfer import ATTEMPTS, ask, check_digest, download
from tests.datasets.loopback import HANG_UP, Loopback, dead_address, serve, silent_address

CONTENT = bytes(range(256)) * 40
"""10,240 bytes."""


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serve() as loopback:
        loopback.content = CONTENT
        yield loopback


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    return tmp_path / "downloads/pets.partial"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSE", 0)


def brought(address: str, partial: Path) -> bytes:
    download(lambda start: ask("GET", f"{address}/pets.zip", start), partial)
    return partial.read_bytes()


def test_a_whole_transfer_is_one_request(server: Loopback, partial: Path) -> None:
    assert brought(server.address, partial) == CONTENT
    assert server.asked_ranges() == [None]


def test_a_broken_transfer_goes_on_where_it_stopped(
    server: Loopback, partial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.lengths = [5000, 7000]
    assert brought(server.address, partial) == CONTENT
    assert server.asked_ranges() == [None, "bytes=5000-", "bytes=7000-"]
    assert capsys.readouterr().out.splitlines() == [
        "download: the connection broke after 5,000 bytes; going on",
        "download: the connection broke after 7,000 bytes; going on",
    ]


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(server: Loopback, partial: Path) -> None:
    server.lengths = [5000, *[HANG_UP] * (ATTEMPTS - 1)]
    with pytest.raises(UserError, match=r"cannot be reached \(.*\); 5,000 bytes came and are kept: check the conn"):
        brought(server.address, partial)
    assert partial.read_bytes() == CONTENT[:5000]
    server.seen.clear()
    assert brought(server.address, partial) == CONTENT
    assert server.asked_ranges() == ["bytes=5000-"]


def test_every_byte_that_comes_renews_the_attempts(server: Loopback, partial: Path) -> None:
    server.lengths = list(range(1, 4 * ATTEMPTS))
    assert brought(server.address, partial) == CONTENT


def test_nothing_is_tried_again_before_the_first_byte(server: Loopback, partial: Path) -> None:
    server.lengths = [HANG_UP] * 2
    with pytest.raises(UserError, match=r"cannot be reached \(.*\): check the connection and run the same command ag"):
        brought(server.address, partial)
    assert server.asked_ranges() == [None]


def test_a_server_that_always_sends_the_whole_file_does_not_corrupt_it(server: Loopback, partial: Path) -> None:
    server.lengths, server.ranges = [5000, 7000], False
    assert brought(server.address, partial) == CONTENT
    assert server.asked_ranges() == [None, "bytes=5000-", "bytes=7000-"]


def test_a_server_that_always_breaks_at_one_place_is_given_up(server: Loopback, partial: Path) -> None:
    server.lengths, server.ranges = [5000] * 2 * ATTEMPTS, False
    with pytest.raises(UserError, match=r"5,000 bytes came and are kept"):
        brought(server.address, partial)
    assert len(server.seen) == ATTEMPTS


def test_a_file_that_is_whole_already_is_not_sent_again(server: Loopback, partial: Path) -> None:
    brought(server.address, partial)
    server.content = server.content.swapcase()  # Whatever it would send would show.
    assert brought(server.address, partial) == CONTENT


def test_a_file_that_is_longer_than_the_servers_is_begun_anew(server: Loopback, partial: Path) -> None:
    brought(server.address, partial)
    server.content = CONTENT[:3000]
    assert brought(server.address, partial) == CONTENT[:3000]
    assert server.asked_ranges() == [None, "bytes=10240-", None]


def test_a_length_that_is_not_told_is_no_error(server: Loopback, partial: Path) -> None:
    server.measured = False
    assert brought(server.address, partial) == CONTENT


@pytest.mark.parametrize("length", ["10000000000000000", "9" * 5000])
def test_a_chunk_that_is_longer_than_any_archive_is_refused(length: str, server: Loopback, partial: Path) -> None:
    server.chunk, server.lengths, server.stalls = length, [5000], True
    with pytest.raises(UserError, match=r"^the server's file has 1,000,000,00\d,\d+ bytes or more; there is room for"):
        brought(server.address, partial)
    assert not partial.exists()


def test_bytes_are_kept_as_they_are_stored(server: Loopback, partial: Path) -> None:
    # Many servers believe so of a .tar.gz.
    server.headers = {"Content-Encoding": "gzip"}
    assert brought(server.address, partial) == CONTENT
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_slowness_is_no_failure(server: Loopback, partial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (5, 1.0))
    server.piece, server.pause = 1500, 0.2
    assert brought(server.address, partial) == CONTENT


def test_silence_in_the_middle_is_a_broken_connection(
    server: Loopback, partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (5, 0.8))
    server.lengths, server.stalls = [5000], True
    assert brought(server.address, partial) == CONTENT
    assert "bytes=5000-" in server.asked_ranges()


def test_a_server_that_never_answers_is_given_up(partial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (0.2, 0.2))
    with silent_address() as address, pytest.raises(UserError, match=r"the server cannot be reached \(timed out\)"):
        brought(address, partial)


def test_a_server_that_is_down_is_named_as_such(partial: Path) -> None:
    problem = r"^the server cannot be reached \(Connection refused\): check the connection"
    with dead_address() as address, pytest.raises(UserError, match=problem):
        brought(address, partial)
    assert not partial.exists()


def test_a_refusal_keeps_what_came(server: Loopback, partial: Path) -> None:
    partial.parent.mkdir()
    partial.write_bytes(CONTENT[:5000])
    server.refusals = {"GET": 503}
    with pytest.raises(requests.HTTPError, match="503"):
        brought(server.address, partial)
    assert partial.read_bytes() == CONTENT[:5000]


def test_progress_starts_from_what_is_there_and_knows_the_whole(
    server: Loopback, partial: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transfer, "_MEGABYTE", 1000)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    partial.parent.mkdir()
    partial.write_bytes(CONTENT[:6000])
    server.lengths = [8000]
    brought(server.address, partial)
    first = capsys.readouterr().out.splitlines()[0]
    assert int(first.removeprefix("download: ").split()[0]) >= 6
    assert "of 10 MB" in first


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_right_digest_lets_the_file_stay(partial: Path, algorithm: str) -> None:
    partial.parent.mkdir()
    partial.write_bytes(CONTENT)
    check_digest(partial, algorithm, hashlib.new(algorithm, CONTENT).hexdigest())
    assert partial.exists()


def test_a_wrong_digest_is_named_and_the_file_removed(partial: Path) -> None:
    partial.parent.mkdir()
    partial.write_bytes(CONTENT)
    found = hashlib.md5(CONTENT).hexdigest()
    with pytest.raises(UserError, match=rf"^what came has MD5 {found} and should have 00: .* to download it anew$"):
        check_digest(partial, "md5", "00")
    assert not partial.exists()
