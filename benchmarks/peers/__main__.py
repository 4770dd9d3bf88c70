"""This project beside others, part by part, as Markdown on standard output.

    python -m benchmarks.peers [step] [inference] [loaders] [end-to-end] [preparation]

The processes of a part are started first, and then asked in turn for one repetition each, so that what else the machine
does falls on all of them; the others stand still meanwhile. At full size that takes hours of two cores; the
figures of a machine that does something else as well say nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alexnet_pipe.base.errors import StoppedError
from alexnet_pipe.base.signals import unwind_on_signals
from benchmarks.measure import processor
from benchmarks.peers.contents import CLASSES, PARTS, Setting
from benchmarks.peers.environment import Environment
from benchmarks.peers.peer import ROOT
from benchmarks.peers.table import markdown
from benchmarks.peers.turns import by_turns


def main() -> None:
    unwind_on_signals()
    arguments = _arguments()
    theirs = Environment(ROOT / ".venv-peers")
    theirs.make()
    with TemporaryDirectory(prefix="peers-") as folder:
        material = Path(folder)
        _write_material(material, arguments)
        setting = Setting(material, Path(sys.executable), theirs.python, arguments.batch, arguments.width)
        print(_heading(arguments))
        for peer, reason in theirs.failures().items():
            print(f"- {peer} could not be installed: {reason}")
        for part in arguments.parts or PARTS:
            tables, _ = PARTS[part]
            for title, entries in tables(setting).items():
                print(f"\n{markdown(title, by_turns(entries, arguments.repeats))}", flush=True)
    print(f"Load of the machine at the end: {_load()}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.peers", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--repeats", type=_positive, default=5, help="turns of each row, after one to warm up")
    parser.add_argument("--batch", type=_positive, default=128)
    parser.add_argument("--width", type=float, default=1.0, help="of the network")
    parser.add_argument("--photographs", type=Path, help="a folder of class folders; drawn, if there is none")
    parser.add_argument("--pictures", type=_positive, default=1024, help="photographs at most")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    if arguments.pictures < arguments.batch:
        parser.error(f"--pictures {arguments.pictures} is less than a batch of {arguments.batch}")
    if arguments.photographs and not arguments.photographs.is_dir():
        parser.error(f"--photographs {arguments.photographs} is no folder")
    return arguments


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _write_material(folder: Path, arguments: argparse.Namespace) -> None:
    options = {
        "needs": sorted({need for part in arguments.parts or PARTS for need in PARTS[part][1]}),
        "photographs": str(arguments.photographs.resolve()) if arguments.photographs else None,
        "pictures": arguments.pictures,
        "width": arguments.width,
        "classes": CLASSES,
    }
    command = [sys.executable, "-m", "benchmarks.peers.material", str(folder), json.dumps(options)]
    subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=True)


def _heading(arguments: argparse.Namespace) -> str:
    source = arguments.photographs or "drawn photographs"
    return (
        f"{processor()}; width {arguments.width:g}, batch {arguments.batch}, {arguments.repeats} repeats by turns, "
        f"{source}.\n"
        f"Load of the machine at the start: {_load()}; its figures are worth something where that is near 0."
    )


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} processors"


if __name__ == "__main__":
    try:
        main()
    except StoppedError as stopped:
        print(StoppedError(stopped.number, advice=""), file=sys.stderr)
        sys.exit(128 + stopped.number)
