"""Kaggle's archives are brought as they are published, and whatever goes wrong is one line that says what to do."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import kagglesdk.kaggle_env
import pytest
from kagglesdk.kaggle_env import KaggleEnv

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets import transfer
from alexnet_pipe.datasets.kaggle import Kaggle
from alexnet_pipe.datasets.transfer import ATTEMPTS
from tests.datasets.files import named, write_zip
from tests.datasets.loopback import HANG_UP, Loopback, dead_address, serve, silent_address

PETS = named(
    f"{split}_set/{split}_set/{label}/{name}"
    for split in ("training", "test")
    for label in ("cats", "dogs")
    for name in ("_DS_Store", *(f"{label[:-1]}.{number}.jpg" for number in range(20)))
)
"""As in tongpython/cat-and-dog: folders twice, and among the photographs files of macOS."""

NEWEST = "tongpython/cat-and-dog"
PINNED = f"{NEWEST}/versions/1"
BY_HAND = (
    r", or download the archive by hand from https://www\.kaggle\.com/datasets/tongpython/cat-and-dog and set "
    r"dataset\.source to directory and dataset\.location to its path$"
)


def use(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setitem(kagglesdk.kaggle_env._env_to_endpoint, KaggleEnv.TEST, address)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serve() as loopback:
        use(monkeypatch, loopback.address)
        loopback.content = write_zip(tmp_path / "published", PETS).read_bytes()
        md5 = b64encode(hashlib.md5(loopback.content).digest()).decode()
        loopback.headers = {"x-goog-hash": f"crc32c=n03x6A==,md5={md5}", "Content-Type": "application/zip"}
        yield loopback


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


@pytest.fixture(autouse=True)
def _an_account_of_nobody(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(transfer, "PAUSE", 0)


def source(folder: Path, location: str = PINNED) -> Kaggle:
    return Kaggle(location, folder.with_name("downloads"))


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.with_name("downloads").iterdir()]


def test_the_published_archive_is_kept_as_it_is(
    server: Loopback, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source(folder).fetch(folder)
    assert [path.name for path in folder.iterdir()] == ["tongpython-cat-and-dog-1.zip"]
    assert (folder / "tongpython-cat-and-dog-1.zip").read_bytes() == server.content
    assert left(folder) == []
    assert {seen.headers["Accept-Encoding"] for seen in server.seen} == {"identity"}
    assert capsys.readouterr() == ("", "")


def test_only_the_photographs_are_indexed(server: Loopback, folder: Path) -> None:
    source(folder).fetch(folder)
    rows = source(folder).index(folder)
    assert rows.groupby(["split", "label"]).size().to_dict() == {
        (split, label): 20 for split in ("train", "test") for label in ("cats", "dogs")
    }
    assert not rows["member"].str.contains("_DS_Store").any()


def test_a_pinned_version_is_asked_for_and_the_newest_is_not(server: Loopback, folder: Path) -> None:
    assert source(folder).fetch(folder) == "version 1"
    assert [seen.body for seen in server.asked("/api/v1/datasets.DatasetApiService/DownloadDataset")] == [
        {"ownerSlug": "tongpython", "datasetSlug": "cat-and-dog", "datasetVersionNumber": 1}
    ]
    assert server.asked("/GetDataset") == []


def test_without_a_pin_the_newest_version_is_asked_for(server: Loopback, folder: Path) -> None:
    server.newest = 7
    assert source(folder, NEWEST).fetch(folder) == "version 7"
    assert [seen.body["datasetVersionNumber"] for seen in server.asked("/DownloadDataset")] == [7]
    assert [path.name for path in folder.iterdir()] == ["tongpython-cat-and-dog-7.zip"]


@pytest.mark.parametrize("location", [NEWEST, PINNED])
def test_the_version_is_the_newest_by_one_request(server: Loopback, folder: Path, location: str) -> None:
    assert source(folder, location).version() == "version 2"
    assert [seen.path for seen in server.seen] == ["/api/v1/datasets.DatasetApiService/GetDataset"]


def test_a_broken_transfer_goes_on_in_the_same_call(server: Loopback, folder: Path) -> None:
    server.lengths = [1000]
    source(folder).fetch(folder)
    assert "bytes=1000-" in server.asked_ranges()
    assert (folder / "tongpython-cat-and-dog-1.zip").read_bytes() == server.content


def test_a_broken_transfer_goes_on_in_a_later_call(
    server: Loopback, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.lengths = [1000, *[HANG_UP] * (ATTEMPTS - 1)]
    with pytest.raises(UserError, match=rf"^{PINNED}: .*; 1,000 bytes came and are kept: check the .*{BY_HAND}"):
        source(folder).fetch(folder)
    assert list(folder.iterdir()) == []
    with dead_address() as address:
        use(monkeypatch, address)
        with pytest.raises(UserError, match=r"\(Connection refused\); 1,000 bytes came and are kept"):
            source(folder).fetch(folder)
    use(monkeypatch, server.address)
    source(folder).fetch(folder)
    assert server.asked_ranges()[-1] == "bytes=1000-"
    assert (folder / "tongpython-cat-and-dog-1.zip").read_bytes() == server.content


def test_an_archive_that_is_whole_already_is_checked_and_kept(server: Loopback, folder: Path) -> None:
    partial = folder.with_name("downloads") / "tongpython-cat-and-dog-1.zip.partial"
    partial.parent.mkdir()
    partial.write_bytes(server.content[::-1])
    with pytest.raises(UserError, match="what came has MD5"):
        source(folder).fetch(folder)
    partial.write_bytes(server.content)
    source(folder).fetch(folder)
    assert (folder / "tongpython-cat-and-dog-1.zip").read_bytes() == server.content


def test_a_wrong_md5_is_named_and_the_next_call_begins_anew(server: Loopback, folder: Path) -> None:
    whole = server.content
    server.content = whole[:-1] + b"x"
    found, published = (hashlib.md5(content).hexdigest() for content in (server.content, whole))
    with pytest.raises(
        UserError, match=rf"^{PINNED}: what came has MD5 {found} and should have {published}.*{BY_HAND}"
    ):
        source(folder).fetch(folder)
    assert (left(folder), list(folder.iterdir())) == ([], [])
    server.content = whole
    source(folder).fetch(folder)
    assert (folder / "tongpython-cat-and-dog-1.zip").read_bytes() == whole


@pytest.mark.parametrize("published", [{}, {"x-goog-hash": "crc32c=n03x6A=="}])
def test_an_archive_without_an_md5_is_said_to_be_unchecked(
    server: Loopback, folder: Path, published: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    server.headers = published
    source(folder).fetch(folder)
    assert capsys.readouterr().out == (
        "download: Kaggle publishes no MD5 of this archive, so it could not be checked\n"
    )


def test_a_server_that_always_sends_the_whole_archive_does_not_corrupt_it(server: Loopback, folder: Path) -> None:
    server.lengths, server.ranges = [1000, HANG_UP], False
    source(folder).fetch(folder)
    assert (folder / "tongpython-cat-and-dog-1.zip").read_bytes() == server.content


def test_slowness_is_no_failure(server: Loopback, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (5, 1.0))
    server.piece, server.pause = len(server.content) // 6, 0.2
    source(folder).fetch(folder)
    assert (folder / "tongpython-cat-and-dog-1.zip").read_bytes() == server.content


@pytest.mark.parametrize("request_name", ["GetDataset", "DownloadDataset"])
@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (
            401,
            r"the server answers 401 Unauthorized: correct your credentials \(put kaggle\.json, .* KAGGLE_API_TOKEN\)",
        ),
        (
            403,
            r"the server answers 403 Forbidden: correct dataset\.location, or for a private data set put kaggle\.json",
        ),
        (404, r"the server answers 404 Not Found: correct dataset\.location, there is no such data set or version"),
        (500, r"the server answers 500 Internal Server Error: run the same command again later"),
    ],
)
def test_a_refusal_says_what_to_do(
    server: Loopback, folder: Path, request_name: str, status: int, problem: str
) -> None:
    server.refusals = {request_name: status}
    with pytest.raises(UserError, match=rf"^{NEWEST}: {problem}.*{BY_HAND}"):
        source(folder, NEWEST).fetch(folder)


def test_an_unreachable_kaggle_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with dead_address() as address:
        use(monkeypatch, address)
        for ask in (source(folder).version, lambda: source(folder).fetch(folder)):
            with pytest.raises(
                UserError, match=rf"^{PINNED}: .*\(Connection refused\): check the connection.*{BY_HAND}"
            ):
                ask()


def test_a_kaggle_that_never_answers_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (0.2, 0.2))
    with silent_address() as address:
        use(monkeypatch, address)
        for ask in (source(folder).version, lambda: source(folder).fetch(folder)):
            with pytest.raises(UserError, match=rf"cannot be reached \(timed out\).*{BY_HAND}"):
                ask()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"<html>\nLog in</html>", r"cannot be understood \(Expecting value: .*\): run the same command again later"),
        (b"{}", r"names no version: correct dataset\.location"),
    ],
)
def test_an_answer_that_is_not_kaggles_is_refused(server: Loopback, folder: Path, answer: bytes, problem: str) -> None:
    server.answer = answer
    with pytest.raises(UserError, match=rf"^{PINNED}: the server {problem}{BY_HAND}"):
        source(folder).version()


def test_a_page_in_place_of_the_archive_is_refused(server: Loopback, folder: Path) -> None:
    server.content, server.headers = b"<html>Log in</html>", {"Content-Type": "text/html"}
    with pytest.raises(UserError, match=rf"^{PINNED}: the archive is damaged or of an unknown kind .*{BY_HAND}"):
        source(folder).fetch(folder)
    assert left(folder) == []


def test_public_data_sets_need_no_account(server: Loopback, folder: Path) -> None:
    source(folder, NEWEST).fetch(folder)
    assert not any("Authorization" in seen.headers for seen in server.seen)


def test_an_account_is_told_to_kaggle_and_to_nobody_else(server: Loopback, folder: Path, config: Path) -> None:
    (config / "kaggle.json").write_text(json.dumps({"username": "me", "key": "secret"}))
    server.lengths = [1000]
    source(folder, NEWEST).fetch(folder)
    basic = f"Basic {b64encode(b'me:secret').decode()}"
    assert {seen.headers.get("Authorization") for seen in server.seen if seen.method == "POST"} == {basic}
    assert not any("Authorization" in seen.headers for seen in server.seen if seen.method == "GET")


def test_a_token_is_told_to_kaggle(server: Loopback, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_secret")
    source(folder).version()
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer KGAT_secret"]


@pytest.mark.parametrize("content", ["{", '{"username": "me"}'])
def test_a_broken_kaggle_json_is_named(server: Loopback, folder: Path, config: Path, content: str) -> None:
    (config / "kaggle.json").write_text(content)
    with pytest.raises(UserError, match=rf"^{PINNED}: .*config/kaggle\.json.*: correct or remove it.*{BY_HAND}"):
        source(folder).fetch(folder)
    assert server.seen == []


def test_kaggles_own_notices_are_not_printed(
    server: Loopback, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_secret")
    server.headers["X-Kaggle-HubVersion"] = "99.0.0"  # It would say that kagglehub is out of date.
    source(folder).fetch(folder)
    assert capsys.readouterr() == ("", "")
