"""DVC's list of who reads and writes what, put right after DVC was killed."""

import json
from pathlib import Path
from typing import Any

import psutil


def mend_rwlock(root: Path) -> None:
    """Forget DVC's list in the repository `root` if it is broken, or if all whom it names are dead.

    DVC writes the list in place, so a killed DVC may leave half of it, and no DVC runs again. And it takes for alive a
    process that has ended but was not waited for, as an orphan in a container may be.
    """
    path = root / ".dvc/tmp/rwlock"
    try:
        alive = any(map(_is_alive, _pids(json.loads(path.read_text(encoding="utf-8")))))
    except FileNotFoundError:
        return
    except ValueError:
        alive = False
    if not alive:
        path.unlink()


def _pids(content: dict[str, Any]) -> set[int]:
    # {"write": {path: holder}, "read": {path: [holder, ...]}}
    holders = [holder for paths in content.values() for holder in paths.values()]
    each = [one for holder in holders for one in (holder if isinstance(holder, list) else [holder])]
    return {int(one["pid"]) for one in each if one}


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
