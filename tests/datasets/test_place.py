"""A place is all that is needed to read a photograph again, and what does not fit it is never returned."""

import bz2
import lzma
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from alexnet_pipe.datasets.place import CHUNK, WHOLE_FILE, Container, Place, content_at, unpacked
from tests.datasets.files import write_folder


def deflated(content: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


def read(content: bytes, place: Place) -> bytes:
    return b"".join(content_at(BytesIO(content), place))


@pytest.mark.parametrize("size", [0, 1, 257, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 100, 3 * CHUNK, 3 * CHUNK + 257])
@pytest.mark.parametrize("byte", [b"\0", b"ab"])
def test_every_size_is_inflated_whole(size: int, byte: bytes) -> None:
    # At the end of a piece, zlib may hold back a few hundred bytes that need no more input.
    content = (byte * size)[:size]
    packed = deflated(content)
    assert read(b"before" + packed + b"after", Place(6, len(packed), size, True)) == content


@pytest.mark.parametrize("kind", ["stored", "deflated"])
@pytest.mark.parametrize("size", [0, 7, CHUNK + 3])
def test_neighbours_are_not_read(kind: str, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    packed = deflated(content) if kind == "deflated" else content
    assert read(b"xyz" + packed + b"xyz", Place(3, len(packed), size, kind == "deflated")) == content


@pytest.mark.parametrize(
    ("place", "error"),
    [
        (Place(0, 10, 11), EOFError),
        (Place(0, 11, 10), EOFError),
        (Place(95, 10, 10), EOFError),
        (Place(1000, 10, 10), EOFError),
        (Place(0, 50, 10, True), zlib.error),
    ],
)
def test_a_place_that_does_not_fit_is_an_error(place: Place, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(b"\xff" * 100, place)


def test_a_deflated_stream_that_is_cut_or_longer_than_it_says_is_found_out() -> None:
    content = b"photograph" * 1000
    packed = deflated(content)
    with pytest.raises(EOFError, match=r"it has .* bytes of 10,000"):
        read(packed[:-3], Place(0, len(packed) - 3, len(content), True))
    with pytest.raises(EOFError, match="it has 10,000 bytes of 10,001"):
        read(packed, Place(0, len(packed), len(content) + 1, True))
    assert len(read(packed, Place(0, len(packed), 10, True))) == 10


@pytest.mark.parametrize("module", [bz2, lzma])
def test_four_kilobytes_never_become_more_than_a_piece_at_a_time(module: object) -> None:
    decoder = bz2.BZ2Decompressor() if module is bz2 else lzma.LZMADecompressor()
    bomb = module.compress(bytes(64 * CHUNK))  # type: ignore[attr-defined]
    pieces = [len(piece) for piece in unpacked(iter([bomb]), decoder, 3 * CHUNK + 5)]
    assert sum(pieces) == 3 * CHUNK + 5
    assert max(pieces) <= CHUNK


def test_a_file_of_its_own_is_read_from_its_folder(tmp_path: Path) -> None:
    content = {"cats/a cat\n.jpg": b"cat", "empty": b""}
    with Container(write_folder(tmp_path, content)) as container:
        for name, expected in content.items():
            assert container.read(name, Place(WHOLE_FILE, len(expected), len(expected))) == expected


@pytest.mark.parametrize("size", [2, 4])
def test_a_file_that_has_changed_its_size_is_an_error(tmp_path: Path, size: int) -> None:
    with (
        Container(write_folder(tmp_path, {"1.jpg": b"cat"})) as container,
        pytest.raises(EOFError, match=f"it has {min(3, size + 1)} bytes of {size}"),
    ):
        container.read("1.jpg", Place(WHOLE_FILE, size, size))


def test_places_are_read_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "container").write_bytes(b"catdogbird")
    with Container(tmp_path / "container") as container:
        places = [Place(6, 4, 4), Place(0, 3, 3), Place(3, 3, 3)]
        assert [container.read("", place) for place in places] == [b"bird", b"cat", b"dog"]
