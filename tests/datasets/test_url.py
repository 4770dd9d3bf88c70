"""An archive behind an address is brought once its SHA-256 is right, and kept as one that can be read in place."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import TransientError, UserError
from alexnet_pipe.datasets import transfer
from alexnet_pipe.datasets.transfer import ATTEMPTS
from alexnet_pipe.datasets.url import Url
from tests.datasets.files import contents, named, write_tar, write_zip
from tests.datasets.loopback import HANG_UP, Loopback, dead_address, serve, silent_address

PETS = named(f"{label}/{number}.jpg" for label in ("cats", "dogs") for number in range(40))
BY_HAND = r", or download the archive by hand from http://\S+ and set dataset\.source to directory and dataset\.locat"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Loopback]:
    with serve() as loopback:
        loopback.content = write_zip(tmp_path / "published", PETS).read_bytes()
        yield loopback


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(transfer, "PAUSE", 0)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")


def source(server: Loopback, folder: Path, path: str = "/files/pets.zip", sha256: str | None = None) -> Url:
    sha256 = sha256 or hashlib.sha256(server.content).hexdigest()
    return Url(server.address + path, sha256, folder.with_name("downloads"))


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.with_name("downloads").iterdir()]


def test_a_zip_is_kept_as_it_is(server: Loopback, folder: Path) -> None:
    source(server, folder).fetch(folder)
    assert [path.name for path in folder.iterdir()] == ["pets.zip"]
    assert (folder / "pets.zip").read_bytes() == server.content
    assert left(folder) == []


def test_archives_inside_are_packed_anew_with_what_is_in_them(server: Loopback, folder: Path, tmp_path: Path) -> None:
    train = write_zip(tmp_path / "train", named(f"{label}.{n}.jpg" for label in ("cat", "dog") for n in range(2)))
    server.content = write_zip(tmp_path / "outer", {"train.zip": train.read_bytes()}).read_bytes()
    pets = source(server, folder)
    pets.fetch(folder)
    assert list(contents(folder / "pets.zip")) == [
        f"train/{label}.{n}.jpg" for label in ("cat", "dog") for n in range(2)
    ]
    assert set(pets.index(folder)["label"]) == {"cat", "dog"}
    assert left(folder) == []


def test_the_photographs_are_labelled_by_their_folders(server: Loopback, folder: Path) -> None:
    pets = source(server, folder)
    pets.fetch(folder)
    rows = pets.index(folder)
    assert dict(zip(rows["member"], rows["label"], strict=True)) == {name: name.split("/")[0] for name in PETS}


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/pets.zip?download=1&name=x.tar", "pets.zip"),
        ("/a/Pets.v2.ZIP#top", "Pets.v2.zip"),
        ("/my%20pets.zip", "my%20pets.zip"),
    ],
)
def test_the_name_is_the_last_of_the_addresss_path(server: Loopback, folder: Path, path: str, kept: str) -> None:
    source(server, folder, path).fetch(folder)
    assert [path.name for path in folder.iterdir()] == [kept]


def test_the_server_gets_the_whole_query(server: Loopback, folder: Path) -> None:
    source(server, folder, "/pets.zip?signature=a%2Fb&x=1").fetch(folder)
    assert {seen.path for seen in server.seen} == {"/pets.zip?signature=a%2Fb&x=1"}


def test_a_tar_is_kept_as_it_is(server: Loopback, folder: Path, tmp_path: Path) -> None:
    server.content = write_tar(tmp_path / "p.tar", PETS).read_bytes()
    source(server, folder, "/pets.tar").fetch(folder)
    assert (folder / "pets.tar").read_bytes() == server.content


@pytest.mark.parametrize(("ending", "compression"), [("tar.gz", "gz"), ("tgz", "gz"), ("tar.xz", "xz")])
def test_a_compressed_tar_is_packed_anew(
    server: Loopback, folder: Path, tmp_path: Path, ending: str, compression: str
) -> None:
    server.content = write_tar(tmp_path / "p", PETS, compression).read_bytes()
    server.headers = {"Content-Encoding": "gzip"}  # Which many servers say of a .tar.gz, and must not count.
    source(server, folder, f"/pets.{ending}").fetch(folder)
    assert [path.name for path in folder.iterdir()] == ["pets.zip"]
    assert contents(folder / "pets.zip") == PETS
    assert left(folder) == []


def test_a_broken_transfer_goes_on_in_a_later_call(server: Loopback, folder: Path) -> None:
    server.lengths = [1000, 2000, *[HANG_UP] * (ATTEMPTS - 1)]
    with pytest.raises(UserError, match=r"^http\S+/pets\.zip: .*; 2,000 bytes came and are kept: .*" + BY_HAND):
        source(server, folder).fetch(folder)
    assert (list(folder.iterdir()), len(left(folder))) == ([], 1)
    source(server, folder).fetch(folder)
    assert server.asked_ranges()[-1] == "bytes=2000-"
    assert (folder / "pets.zip").read_bytes() == server.content


def test_another_sha256_is_named_and_nothing_stays(server: Loopback, folder: Path) -> None:
    found = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(
        UserError, match=rf"pets\.zip: what came has SHA256 {found} and should have {'0' * 64}: .*" + BY_HAND
    ):
        source(server, folder, sha256="0" * 64).fetch(folder)
    assert (list(folder.iterdir()), left(folder)) == ([], [])


@pytest.mark.parametrize("path", ["", "/", "/download?file=pets.zip", "/pets.rar", "/pets.zip/content"])
def test_an_address_of_no_archive_is_refused_before_it_is_asked(server: Loopback, folder: Path, path: str) -> None:
    with pytest.raises(UserError, match=r"^dataset\.location: \S+ does not end in the name of an archive .*: give the"):
        source(server, folder, path)
    assert server.seen == []


def test_a_page_in_place_of_a_zip_is_refused(server: Loopback, folder: Path) -> None:
    server.content = b"<html>Please log in</html>"
    pets = source(server, folder)
    with pytest.raises(UserError, match=rf"^{pets.where}: the archive is damaged or of an unknown kind .*" + BY_HAND):
        pets.fetch(folder)
    assert left(folder) == []


@pytest.mark.parametrize("name", ["pets.tar", "pets.tar.gz"])
def test_a_page_in_place_of_a_tar_is_refused(server: Loopback, folder: Path, name: str) -> None:
    server.content = b"<html>Please log in</html>"
    pets = source(server, folder, f"/{name}")
    with pytest.raises(UserError, match=rf"^{pets.where}: the archive is damaged or of an unknown kind .*" + BY_HAND):
        pets.fetch(folder)
    assert left(folder) == []


def test_a_missing_archive_is_refused(server: Loopback, folder: Path) -> None:
    server.refusals = {"HEAD": 404, "GET": 404}
    with pytest.raises(
        UserError, match=r"pets\.zip: the server answers 404 Not Found: correct dataset\.loc.*" + BY_HAND
    ):
        source(server, folder).fetch(folder)


def test_a_circle_of_redirections_is_refused(server: Loopback, folder: Path) -> None:
    server.refusals = {"HEAD": 302}
    with pytest.raises(UserError, match=r"^http\S+/pets\.zip: the server cannot be understood \(Exceeded 30 redirects"):
        source(server, folder).fetch(folder)


def test_a_server_that_is_busy_may_be_asked_later(server: Loopback, folder: Path) -> None:
    server.refusals = {"GET": 503}
    with pytest.raises(UserError, match=r"answers 503 Service Unavailable: run the same command again later" + BY_HAND):
        source(server, folder).fetch(folder)


def test_a_server_that_is_down_is_named(folder: Path) -> None:
    with dead_address() as address:
        pets = Url(f"{address}/pets.zip", "0" * 64, folder)
        with pytest.raises(
            UserError, match=rf"^{address}/pets\.zip: .*\(Connection refused\): check the con.*" + BY_HAND
        ):
            pets.fetch(folder)


def test_a_server_that_never_answers_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", (0.2, 0.2))
    with silent_address() as address, pytest.raises(UserError, match=r"cannot be reached \(timed out\).*" + BY_HAND):
        Url(f"{address}/pets.zip", "0" * 64, folder).version()


def test_an_address_without_a_host_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match=r"^http:///pets\.zip: .*No host supplied"):
        Url("http:///pets.zip", "0" * 64, folder).fetch(folder)


def test_the_version_is_one_request_for_the_headers(server: Loopback, folder: Path) -> None:
    server.headers = {"ETag": '"a"', "Last-Modified": "Sat, 24 Oct 2026 00:00:00 GMT"}
    assert source(server, folder).version() == (
        f'ETag "a"; Last-Modified Sat, 24 Oct 2026 00:00:00 GMT; Content-Length {len(server.content)}'
    )
    assert [seen.method for seen in server.seen] == ["HEAD"]


def test_a_server_that_knows_get_only_has_a_version_too(server: Loopback, folder: Path) -> None:
    server.headers = {"ETag": '"a"'}
    version = source(server, folder).version()
    server.refusals = {"HEAD": 403}
    assert source(server, folder).version() == version


def test_fetch_gives_the_version_that_it_has_fetched(server: Loopback, folder: Path) -> None:
    pets = source(server, folder)
    assert pets.fetch(folder) == pets.version()


@pytest.mark.parametrize("length", ["-5", "many", "1e9", "9" * 30, "٣"])
def test_a_length_that_is_none_is_one_line(server: Loopback, folder: Path, length: str) -> None:
    server.measured, server.headers = False, {"Content-Length": length.encode().decode("latin-1")}
    with pytest.raises(
        UserError, match=r"pets\.zip: the server says that its file has .* bytes, which is no"
    ) as caught:
        source(server, folder).fetch(folder)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("measured", [True, False])
def test_more_than_is_taken_is_refused_and_nothing_stays(
    server: Loopback, folder: Path, measured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LARGEST", 1000)
    server.measured = measured
    with pytest.raises(UserError, match=r"the server's file has [\d,]+ bytes or more; .* most that is taken are 1,000"):
        source(server, folder).fetch(folder)
    assert left(folder) == []


@pytest.mark.parametrize(("limit", "value"), [("DEADLINE", 0.0), ("_GRACE", -1e9)])
def test_a_transfer_that_takes_too_long_is_given_up_and_goes_on_later(
    server: Loopback, folder: Path, limit: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.piece = 1000
    with monkeypatch.context() as patch:
        patch.setattr(transfer, limit, value)
        with pytest.raises(
            TransientError, match=r"the server is too slow: [\d,]+ bytes came in 0 minutes and are kept"
        ):
            source(server, folder).fetch(folder)
    assert len(left(folder)) == 1
    source(server, folder).fetch(folder)
    assert (folder / "pets.zip").read_bytes() == server.content


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/pets.zip", "gopher://x", "http://[", "//:x/"]
)
def test_a_redirection_to_something_else_than_http_is_one_line(server: Loopback, folder: Path, target: str) -> None:
    server.refusals, server.leads_to = {"HEAD": 302, "GET": 302}, target
    with pytest.raises(UserError, match=r"^http\S+/pets\.zip: the server c.*" + BY_HAND):
        source(server, folder).fetch(folder)
    assert list(folder.iterdir()) == []


def test_a_signed_address_is_asked_whole_and_told_without_its_key(server: Loopback, folder: Path) -> None:
    server.refusals = {"HEAD": 404, "GET": 404}
    signed = source(server, folder, "/pets.zip?signature=secret")
    with pytest.raises(UserError, match=r"/pets\.zip\?\*\*\*: the server answers 404") as caught:
        signed.fetch(folder)
    assert "secret" not in str(caught.value) + signed.where
    assert server.seen[-1].path.endswith("?signature=secret")
