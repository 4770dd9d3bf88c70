"""Rows as a Markdown table, and how many times as fast as the best of the others each of ours is."""

from collections.abc import Sequence

from benchmarks.peers.turns import Row

_HEADING = "| | images/s | median (range), ms | threads | versions |\n|---|---|---|---|---|"


def markdown(title: str, rows: Sequence[Row]) -> str:
    """A heading, the table, and a line for each row of ours that has ended."""
    lines = [f"### {title}", "", _HEADING, *map(_line, rows), ""]
    compared = [_compared(row, rows) for row in rows if row.entry.ours and not row.failure]
    return "\n".join([*lines, *compared, ""] if compared else lines)


def _line(row: Row) -> str:
    name = f"**{row.entry.name}**" if row.entry.ours else row.entry.name
    if row.failure:
        return f"| {name} | failed: {row.failure.replace('|', '/')} | | | |"
    low, high = (1000 * edge for edge in (min(row.times.seconds), max(row.times.seconds)))
    versions = ", ".join(f"{package} {number}" for package, number in (row.versions or {}).items())
    times = f"{1000 * row.times.median:,.1f} ({low:,.1f} to {high:,.1f})"
    return f"| {name} | {row.rate:,.1f} | {times} | {row.threads} | {versions} |"


def _compared(row: Row, rows: Sequence[Row]) -> str:
    float32 = row.entry.precision == "float32"
    rivals = [other for other in rows if not (other.entry.ours or other.failure)]
    rivals = [other for other in rivals if other.entry.precision == "float32" or not float32]
    if not rivals:
        return f"- {row.entry.name}: no other has ended"
    best = max(rivals, key=lambda other: other.rate)
    mixed = any(other.entry.precision == "bfloat16" for other in rows)
    among = " in float32" if float32 and mixed else ""
    return f"- {row.entry.name}: {row.rate / best.rate:.2f} times the best of the others{among} ({best.entry.name})"
