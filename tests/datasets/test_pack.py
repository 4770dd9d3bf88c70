"""Equal files make equal archives."""

from pathlib import Path

from alexnet_pipe.datasets.pack import Content, file_content, pack
from tests.datasets.files import contents


def text(content: bytes) -> Content:
    return Content(len(content), lambda: iter([content]))


def test_neither_order_nor_time_nor_mode_changes_the_bytes(tmp_path: Path) -> None:
    for name, mode in (("1", 0o600), ("2", 0o755)):
        (tmp_path / name).write_bytes(b"cat")
        (tmp_path / name).chmod(mode)
    one = pack(tmp_path / "one.zip", {"a": file_content(tmp_path / "1"), "é": text(b"dog")}, ["y", "x"])
    two = pack(tmp_path / "two.zip", {"é": text(b"dog"), "a": file_content(tmp_path / "2")}, ["x", "y"])
    assert one.read_bytes() == two.read_bytes()
    assert contents(one) == {"x/": b"", "y/": b"", "a": b"cat", "é": b"dog"}


def test_content_is_written_a_piece_at_a_time(tmp_path: Path) -> None:
    pieces = Content(6, lambda: iter([b"cat", b"dog"]))
    assert contents(pack(tmp_path / "a.zip", {"a": pieces})) == {"a": b"catdog"}
