"""Whether the source of the photographs has something newer."""

import re
import sys
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.load import load_params
from alexnet_pipe.params.preset import override_params
from alexnet_pipe.project.checkout import Checkout, call

_NEWER = 3
_NEWEST = re.compile(r"now there is version (\d+)$")


class SourceError(UserError):
    """The source cannot be asked; the message is the stage's reason."""


def news(checkout: Checkout) -> str | None:
    """What the source has that `checkout` has not, in one line, or None; one cheap request.

    Raises:
        SourceError: if it does not answer.
    """
    command = [sys.executable, "-m", "alexnet_pipe", "stage", "download", "--check"]
    asked = call(checkout, command, {"PYTHONPATH": "src"})
    said = (asked.stdout if asked.returncode in (0, _NEWER) else asked.stderr).strip().splitlines()[-1]
    if asked.returncode not in (0, _NEWER):
        raise SourceError(said.removeprefix("alexnet-pipe: "))
    return said.removeprefix("download: ") if asked.returncode == _NEWER else None


def follow(root: Path, found: str) -> None:
    """Let `params.yaml` name the version of a Kaggle data set that `news` has found, where it names one."""
    location = load_params(root / "params.yaml").dataset.location or ""
    pinned, newest = re.fullmatch(r"(.+/versions/)\d+", location), _NEWEST.search(found)
    if pinned and newest:
        override_params(root, {"dataset.location": pinned[1] + newest[1]})
