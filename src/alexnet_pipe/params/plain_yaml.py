"""YAML as this project's settings need it: a few sections of plain values, bounded before it is built."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, ScalarEvent

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable

LARGEST = 2**15
"""Bytes: ten times what all parameters take with their comments."""
_DEEPEST = 10
_LONG_NUMBER = re.compile(r"[+-]?(?:0x[\da-fA-F_]{40,}|\d[\d_.:eE+-]{40,})")
"""A SHA-256, which has letters among its digits, is none."""


def read_plain(path: Path, handler: YAML, where: str = "") -> Any:
    """What is in the file `path`, which messages call `where`, as `plain_yaml` gives it.

    Raises:
        UserError: if it cannot be read, and as `plain_yaml`.
    """
    where = where or str(path)
    if path.exists() and not path.is_file():
        raise UserError(f"{where} is no file: put one in its place")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        return plain_yaml(content.decode("utf-8-sig"), handler, where)
    except UnicodeDecodeError as error:
        raise UserError(f"{where} is not text in UTF-8 (byte {error.start + 1}): save it as such") from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"{where} cannot be read: {error.strerror}") from None


def plain_yaml(text: str, handler: YAML, where: str) -> Any:
    """What `handler` makes of `text`; `where` opens every complaint.

    Raises:
        UserError: if it is no valid YAML, larger or nested deeper than settings are, or has tags, aliases of more than
            a single value, which multiply, or numbers that no parameter has.
    """
    if len(text.encode()) > LARGEST:
        raise UserError(f"{where} has more than {LARGEST:,} bytes, and settings do not: it is another file")
    try:
        _check(text, where)
        return handler.load(text)
    except MarkedYAMLError as error:
        place = _place(error.problem_mark) if error.problem_mark else ""
        raise UserError(f"{where} is not valid YAML: {place}{_line(error.problem or error.context)}") from None
    except (YAMLError, ValueError, OverflowError) as error:
        raise UserError(f"{where} is not valid YAML: {_line(error)}") from None


def _check(text: str, where: str) -> None:
    """Event by event, before anything is built."""
    depth, single = 0, set()
    for event in YAML(typ="safe", pure=True).parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            raise UserError(f"{where}: {_place(event.start_mark)}nested more than {_DEEPEST} deep: no parameter is")
        if isinstance(event, AliasEvent) and event.anchor not in single:
            raise UserError(
                f"{where}: {_place(event.start_mark)}*{printable(event.anchor)[:40]} repeats more than a single value: "
                "write it out"
            )
        if isinstance(event, ScalarEvent) and event.anchor:
            single.add(event.anchor)
        _check_value(event, where)


def _check_value(event: Event, where: str) -> None:
    if tag := getattr(event, "tag", None):
        raise UserError(
            f"{where}: {_place(event.start_mark)}the tag {printable(tag)[:40]} asks for more than a plain value: "
            "leave it out"
        )
    if isinstance(event, ScalarEvent) and event.implicit[0] and _LONG_NUMBER.fullmatch(event.value):
        raise UserError(
            f"{where}: {_place(event.start_mark)}a number of {len(event.value):,} characters: no parameter is"
        )


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: "


def _line(reason: object) -> str:
    return printable(" ".join(str(reason).split()))[:200]
