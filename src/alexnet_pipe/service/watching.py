"""One notice when photographs that come in have become unlike those of the training, and none until that was over."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.service.notices import WEBHOOK, post

WATCH = "ALEXNET_PIPE_WATCH"
"""The environment variable with what is looked at: a folder of photographs, or a service's log of drift."""

WATCHED = Path(".prefect/watched.json")
"""What is unlike the training now, by place, and since when; who was told of it is not told again."""

_LINE = 1 << 16
"""Bytes of a line of a log, generously."""

_Name = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class Window(BaseModel):
    """A line of a log, and what `drift --json` prints: what else it holds is for people."""

    model_config = ConfigDict(strict=True, frozen=True)

    photographs: Annotated[int, Field(ge=0)]
    model: Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]
    unlike: Annotated[list[_Name], Field(max_length=20)]


def look_at(root: Path, place: Path, model: str) -> tuple[bool, str]:
    """Compare what has come in, and tell the webhook if it is unlike the training and was not before.

    Args:
        root: The project.
        place: A folder of photographs, or a log that `serve-model --drift-log` writes.
        model: What a folder is compared with: what `--model` of other commands takes.

    Returns:
        Whether it is unlike, and a line that says so.

    Raises:
        UserError: if there is nothing to compare, or the notice was not taken: it is tried again next time.
    """
    window = _of_folder(root, place, model) if place.is_dir() else last_window(place)
    name, known = str(place.resolve()), load_json(root / WATCHED) if (root / WATCHED).exists() else {}
    like = f"{_shown(place)}: {window.photographs:,} photographs are like the training's"
    if not window.unlike:
        if since := known.pop(name, None):
            save_json(root / WATCHED, known)
            return False, f"{like} again; from {since} on they were not"
        return False, like
    told = (
        f"{_shown(place)}: {window.photographs:,} photographs are unlike the training's in {', '.join(window.unlike)}"
    )
    if since := known.get(name):
        return True, f"{told}; so it is since {since}, and was told then"
    if address := os.environ.get(WEBHOOK):
        post(address, {"flow": "watch", "run": _shown(place), "state": "Drift", "message": told, "link": ""})
    save_json(root / WATCHED, {**known, name: datetime.now(UTC).isoformat(timespec="seconds")})
    return True, told if address else f"{told}; {WEBHOOK} is not set, so nobody is told"


def last_window(log: Path) -> Window:
    """The last whole line of a service's log.

    Raises:
        UserError: if there is none, or it is something else.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * _LINE))
            lines = file.read().split(b"\n")[:-1]
    except OSError as error:
        raise UserError(f"{_shown(log)} cannot be read: {error.strerror}") from None
    if not lines:
        raise UserError(f"{_shown(log)} has no line yet: the service writes one after each window of photographs")
    return _window(lines[-1], _shown(log))


def _of_folder(root: Path, folder: Path, model: str) -> Window:
    """By a process of its own: a flow stays small, and starts none of the libraries that a network needs."""
    asked = ["drift", str(folder.resolve()), "--json", "--model", model]
    command = [sys.executable, "-m", "alexnet_pipe", *asked]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        reason = said[-1].removeprefix("alexnet-pipe: ") if said else f"drift ended with {done.returncode}"
        raise UserError(printable(reason))
    return _window(done.stdout.encode(), "drift")


def _window(line: bytes, place: str) -> Window:
    try:
        return Window.model_validate(json.loads(line[:_LINE]))
    except (ValidationError, ValueError, RecursionError):
        raise UserError(f"{place}: its last line is none that `serve-model --drift-log` writes") from None


def _shown(place: Path) -> str:
    return printable(place)
