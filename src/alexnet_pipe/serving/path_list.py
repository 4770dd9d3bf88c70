"""Text lists of photographs: a path a line, as `find` prints them."""

import codecs
import os
from collections.abc import Iterable
from pathlib import Path

from alexnet_pipe.base.errors import UserError


def read_paths(lines: Iterable[bytes], where: str) -> list[Path]:
    """The paths in a list, as they are written: relative ones start at the current folder.

    Empty lines are skipped, and a line may end as on Windows. Names need not be valid UTF-8.

    Args:
        lines: The list's lines, with their ends.
        where: What messages call the list.

    Raises:
        UserError: naming list and line, for what no path can hold.
    """
    paths = []
    for number, line in enumerate(lines, 1):
        name = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if b"\0" in name:
            raise UserError(f"{where}, line {number}: no path has a zero byte: save the list as UTF-8, a path a line")
        if name := name.removesuffix(b"\n").removesuffix(b"\r"):
            paths.append(Path(os.fsdecode(name)))
    return paths
