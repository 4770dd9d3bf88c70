"""Class names come one a line, in label order, and are distinct."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.read import numbered_names, read_names


def test_the_lines_of_synset_words_are_names_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "synset_words.txt"
    path.write_bytes("\ufeffn02012849 crane\r\nn03126707 crane\r\n\r\nn01440764 tench, Tinca tinca\n고양이".encode())
    assert read_names(path, 4) == ["n02012849 crane", "n03126707 crane", "n01440764 tench, Tinca tinca", "고양이"]


def test_a_name_holds_whatever_does_not_end_a_line_of_text(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("a\u2028b\nc\x0cd\n", encoding="utf-8")
    assert read_names(path, 2) == ["a\u2028b", "c\x0cd"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cat\ndog\n", "has 2 names, but the network has 3 classes"),
        (b"cat\ndog\ncat\n", "has 'cat' twice"),
        (b"\xff\xfe\x00", "cannot be read (it is not UTF-8)"),
        (b"cat\n" * 2**21, "cannot be read (it has more than 4,194,304 bytes)"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_list_that_does_not_fit_is_one_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "names.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_names(path, 3)
    assert str(raised.value).startswith(f"{path} {message}: ")


def test_names_that_nobody_gave_are_distinct() -> None:
    assert numbered_names(3) == ["class 0", "class 1", "class 2"]
