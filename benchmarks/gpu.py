"""What a card makes of training: steps by batch and precision, end to end, and PyTorch beside it.

    make wheels       # where there is a package index; then, on the machine with the card:
    make bench-gpu    # or: python -m benchmarks.gpu [--small] [--budget SECONDS] [--photographs FOLDER] [--to FOLDER]

It needs JAX and what `make wheels` collects, no TensorFlow. Each part is a process of its own, because JAX and PyTorch
both claim a card's memory; one whose time is over is ended, and what it has measured by then is kept.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.gpu_parts import PRECISIONS, SIZES, Row, jax_works, settle_jax, settle_torch, tidy, torch_works

BUDGET = 530
"""Seconds: nine minutes, less what ending takes."""
PARTS = {"bf16": 0.5, "torch": 0.5, "float32": 1.0}
"""Each part's share of the time that the parts before it have left."""
NO_TIME = {"left_out": "no time was left"}
PUBLISHED: dict[str, dict[str, float]] = {
    # NVIDIA's data sheets, dense: 10¹² operations a second.
    "H200": {"float32": 67, "TF32": 494, "bf16": 989},
    "H100 80GB HBM3": {"float32": 67, "TF32": 494, "bf16": 989},
    "H100 PCIe": {"float32": 51, "TF32": 378, "bf16": 756},
    "A100": {"float32": 19.5, "TF32": 156, "bf16": 312},
}
COLUMNS = (
    *("work", "engine", "precision", "batch", "images/s", "TFLOP/s"),
    *("of a large matmul", "of the data sheet", "J an image"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a twentieth of the width: whether all of it works")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds in all")
    parser.add_argument("--photographs", type=Path, help="a folder of classes, for a row of its own")
    parser.add_argument("--to", type=Path, default=Path(), help="where gpu.json and gpu.md are written")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.part:
        measure(options.part, options)
        return
    ends = time.monotonic() + options.budget
    rows = [row for part, share in PARTS.items() for row in rows_of(part, share * (ends - time.monotonic()), options)]
    table = "\n".join(markdown(rows))
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / "gpu.json").write_text(json.dumps(rows, indent=1) + "\n")
    (options.to / "gpu.md").write_text(table + "\n")
    print(table)
    if not any("images" in row for row in rows):
        sys.exit("nothing was measured: the lines above say why")


def rows_of(part: str, seconds: float, options: argparse.Namespace) -> list[Row]:
    """What a part has measured in so many seconds, in a process of its own; its output goes to standard error."""
    kept = options.to / f"gpu-{part}.jsonl"
    options.to.mkdir(parents=True, exist_ok=True)
    kept.write_text("")
    told = ["--part", part, "--rows", kept, "--budget", f"{seconds}", *(["--small"] if options.small else [])]
    told += ["--photographs", options.photographs] if options.photographs else []
    ended: list[Row] = []
    try:
        command = [sys.executable, "-m", "benchmarks.gpu", *map(str, told)]
        done = subprocess.run(command, stdout=sys.stderr, timeout=seconds, check=False)
        if done.returncode:
            ended = [{"work": part, "left_out": f"ended with status {done.returncode}"}]
    except subprocess.TimeoutExpired:
        ended = [{"work": part, "left_out": "ended: its time was over"}]
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    kept.unlink()
    return rows + ended


def measure(part: str, options: argparse.Namespace) -> None:
    """One part, a line a row; what would not end in time, by the longest so far, is left out."""
    ends, longest = time.monotonic() + options.budget, 0.0
    with options.rows.open("a", buffering=1) as rows, TemporaryDirectory() as compiled:
        try:
            rows.write(line(settle_torch() if part == "torch" else settle_jax(compiled)))
        except ImportError as error:
            rows.write(line({"work": part, "left_out": str(error)}))
            return
        for said, work in works(part, options):
            started = time.monotonic()
            rows.write(line({**said, **(outcome(work) if ends - started > longest else NO_TIME)}))
            longest = max(longest, time.monotonic() - started)


def outcome(work: Callable[[], Row]) -> Row:
    """What it has measured, or why it could not: above all, a batch that the card's memory does not hold."""
    try:
        return work()
    except Exception as error:
        return {"left_out": str(error).partition("\n")[0][:100] or type(error).__name__}
    finally:
        tidy()


def line(row: Row) -> str:
    return json.dumps(row) + "\n"


def works(part: str, options: argparse.Namespace) -> Iterator[tuple[Row, Callable[[], Row]]]:
    size = SIZES["small" if options.small else "full"]
    if part == "torch":
        return torch_works(size)
    precisions = ["bf16"] if part == "bf16" else [name for name in PRECISIONS if name != "bf16"]
    return jax_works(precisions, size, options.photographs)


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """The table of docs/performance.md, and above it what it was measured on."""
    cards = [row for row in rows if row["work"] == "card"]
    yield "; ".join(dict.fromkeys(f"{row['by']} on {row['name']}" for row in cards))
    yield ""
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{'---|' * len(COLUMNS)}"
    peaks = {
        row["precision"]: median(row["operations"]) for row in rows if row["work"] == "matmul" and "operations" in row
    }
    published: Mapping[str, float] = next(
        (peak for row in cards for name, peak in PUBLISHED.items() if name in row["name"]), {}
    )
    for row in rows:
        if row["work"] != "card" and "layers" not in row:
            yield f"| {' | '.join(cells(row, peaks, published))} |"
    for row in rows:
        yield from profile(row)


def profile(row: Row) -> Iterator[str]:
    """The table of where a step's time goes, if it is that which `row` has."""
    if layers := row.get("layers"):
        whole = sum(layers.values())
        yield from (
            "",
            f"| {row['precision']}, batch {row['batch']}, by layer | ms of a step | share |",
            "|---|---|---|",
        )
        yield from (f"| {name} | {time:.2f} | {time / whole:.0%} |" for name, time in layers.items())


def cells(row: Row, peaks: Mapping[str, float], published: Mapping[str, float]) -> list[str]:
    said = [str(row.get(name, "")) for name in ("work", "engine", "precision", "batch")]
    if "left_out" in row:
        return [*said, f"left out: {row['left_out']}".replace("|", "/"), "", "", "", ""]
    images, precision = row.get("images"), row["precision"]
    rate = f"{median(images):,.0f} ({min(images):,.0f} to {max(images):,.0f})" if images else ""
    joules = f"{row['watts'] / median(images):.3f}" if images and row["watts"] else ""
    if "operations" not in row:
        return [*said, rate, "", "", "", joules]
    done, sheet = median(row["operations"]), 1e12 * published.get(precision, 0)
    matmul = None if row["work"] == "matmul" else peaks.get(precision)
    shares = [f"{done / peak:.0%}" if peak else "" for peak in (matmul, sheet)]
    return [*said, rate, f"{done / 1e12:,.3g}", *shares, joules]


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    main()
