"""Checkpoints that are whole or not there, and that say themselves whether they are damaged."""

import errno
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from alexnet_pipe.base.files import take_place
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.progress import say

KEPT = 2
"""Checkpoints of a run that are kept: if the last one is damaged, the one before it serves."""

_NAME = re.compile(r"step-(\d+)-([0-9a-f]{64})\.safetensors")

Tensors = dict[str, np.ndarray]


class Checkpoints:
    """A folder of `step-NUMBER-DIGEST.safetensors` files; DIGEST is the SHA-256 of the file's bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, step: int, tensors: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Keep `tensors` and `state` (what JSON can hold), and the checkpoint before, and none older.

        Raises:
            OSError: with its number, if the disk is full; the checkpoints before are untouched.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / ".partial"
        try:
            _write(aside, tensors, state)
            take_place(self.folder / f"step-{step:08d}-{file_digest(aside)}.safetensors", aside)
        finally:
            aside.unlink(missing_ok=True)
        for old in self._newest_first()[KEPT:]:
            old.unlink()

    def load(self) -> tuple[Tensors, dict[str, Any]] | None:
        """Tensors and state of the last undamaged checkpoint; a damaged one is named and removed."""
        for path in self._newest_first():
            if path.name.endswith(f"-{file_digest(path)}.safetensors"):
                return _read(path)
            say(f"train: the checkpoint {path} is damaged; the one before it is used")
            path.unlink()
        return None

    def remove(self) -> None:
        """Forget the run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _newest_first(self) -> list[Path]:
        return sorted((path for path in self.folder.glob("*") if _NAME.fullmatch(path.name)), reverse=True)


def _write(path: Path, tensors: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
    whole = {name: np.require(tensor, requirements="C") for name, tensor in tensors.items()}
    try:
        save_file(whole, path, metadata={"state": json.dumps(state)})
    except SafetensorError as error:
        if "No space left" in str(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(path)) from error
        raise


def _read(path: Path) -> tuple[Tensors, dict[str, Any]]:
    with safe_open(path, framework="numpy") as file:
        state: dict[str, Any] = json.loads(file.metadata()["state"])
        return {name: file.get_tensor(name) for name in file.keys()}, state  # noqa: SIM118
