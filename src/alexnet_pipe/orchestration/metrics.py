"""The metrics beside those of the last commit, as DVC compares them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvc.repo import Repo

Change = Mapping[str, Any]
"""`old`, `new` and, of numbers, `diff`; what is missing on one side has no entry there."""


def metric_changes(root: Path) -> dict[str, Change]:
    """Every metric of the DVC repository `root` by its name, those of the test first; empty before the first commit."""
    with Repo(str(root)) as repo:
        files: Mapping[str, Mapping[str, Change]] = repo.metrics.diff(all=True).get("diff", {})
    order = sorted(files, key=lambda file: (Path(file).stem != "test", file))
    return {name: files[file][name] for file in order for name in _main_first(files[file])}


def metrics_markdown(changes: Mapping[str, Change]) -> str:
    """A table of metric, last commit, this run and change."""
    if not changes:
        return "There is no commit to compare with."
    lines = ["| metric | last commit | this run | change |", "|---|--:|--:|--:|"]
    for name, change in changes.items():
        old, new, difference = (shown(name, change.get(key)) for key in ("old", "new", "diff"))
        lines.append(f"| {name} | {old} | {new} | {difference if change.get('diff') else ''} |")
    return "\n".join(lines)


def shown(name: str, value: Any) -> str:
    """A value as a person would write it: errors in per cent, digests short, what is missing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value[:12]
    if "error" in name:
        return f"{value:.2%}"
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"


def _main_first(names: Mapping[str, Change]) -> list[str]:
    return sorted(names, key=lambda name: ("interval" in name, name))
