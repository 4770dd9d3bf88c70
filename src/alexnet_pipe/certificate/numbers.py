"""Which numbers of a JSON file differ, and by how much."""

import json
from pathlib import Path
from typing import Any

from alexnet_pipe.base.terminal import shortened
from alexnet_pipe.training.state import TIMINGS

COURSE = frozenset({*TIMINGS, "resumed_at_steps"})
"""What tells of a run's course, as how long it took, and not of its result; names in metrics and in the history."""

_DIGITS = 12


def json_difference(before: Path, now: Path) -> tuple[bool, str]:
    """As `difference.difference`: each number or text that differs, by its name."""
    old, new = (_flat(json.loads(path.read_text(encoding="utf-8"))) for path in (before, now))
    changed = [name for name in old | new if old.get(name) != new.get(name)]
    results = [name for name in changed if name.split(".")[0] not in COURSE]
    if changed and not results:
        return True, f"the same results; the run took another course: {_listed(changed, old, new)}"
    return False, _listed(results, old, new) or "the same content, written differently"


def _listed(names: list[str], old: dict[str, Any], new: dict[str, Any]) -> str:
    return shortened([_change(name, old.get(name), new.get(name)) for name in names], "; ")


def _change(name: str, old: Any, new: Any) -> str:
    if all(isinstance(value, int | float) for value in (old, new)):
        return f"{name} {old:,.6g}, now {new:,.6g} ({new - old:+,.3g})"
    return f"{name} {_short(old)}, now {_short(new)}"


def _short(value: Any) -> str:
    text = "missing" if value is None else str(value)
    return text if len(text) <= 2 * _DIGITS else f"{text[:_DIGITS]}…"


def _flat(content: Any, name: str = "") -> dict[str, Any]:
    """Each leaf by its name, as `top1_error_interval.low`."""
    if not isinstance(content, dict | list) or (name and not content):
        return {name: content}
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    return {key: leaf for part, value in pairs for key, leaf in _flat(value, f"{name}.{part}".lstrip(".")).items()}
