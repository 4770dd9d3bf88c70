"""What takes tests long to make and is the same each time, kept between runs."""

import fcntl
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The file or folder `name` of pytest's cache, which `make` is called for if it is not there."""
    made = ROOT / ".pytest_cache" / name
    made.parent.mkdir(exist_ok=True)
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Tests run side by side.
        if not made.exists():
            make(made)
    return made
