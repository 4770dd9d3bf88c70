"""What people start most, by the clock, from the start of the process to its end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.store.image_store import ImageStore
from benchmarks.measure import by_turns

_COPIED = ("src", "conf", "dvc.yaml", "params.yaml")
_MANY = 500
_STAGES = ("download", "resize", "mean", "pca", "evaluate")


def show(artifacts: Artifacts, repeats: int) -> None:
    """Seconds of each stage but training on the data set at hand, and of a prediction, in a copy of the project."""
    print("a command from its start to its end")
    with _copy(artifacts) as root:
        photographs = _photographs(root)
        commands = {f"stage {stage}": ["stage", stage] for stage in _STAGES}
        commands["predict, one photograph"] = ["predict", str(photographs / "0.jpg")]
        commands[f"predict, {_MANY} photographs"] = ["predict", str(photographs)]
        times = by_turns({name: partial(_run, command, root) for name, command in commands.items()}, repeats, warm_up=1)
    for name, taken in times.items():
        print(f"  {name:44} {taken}")


def _photographs(root: Path) -> Path:
    """A folder with `_MANY` files: test images, over again if they are fewer."""
    store, folder = ImageStore.open(root / "data/images", "test"), root / "photographs"
    folder.mkdir()
    for number in range(_MANY):
        Image.fromarray(store[number % len(store)]).save(folder / f"{number}.jpg", quality=95)
    return folder


@contextmanager
def _copy(artifacts: Artifacts) -> Iterator[Path]:
    """The project's code and parameters, its data and its model; what the stages write lies in the copy alone."""
    with TemporaryDirectory(dir=artifacts.root / ".dvc/tmp") as folder:
        root = Path(folder)
        for name in _COPIED:
            source = artifacts.root / name
            if source.is_dir():
                shutil.copytree(source, root / name)
            else:
                shutil.copy(source, root / name)
        for path in (artifacts.images, artifacts.model):
            there = root / path.relative_to(artifacts.root)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.symlink_to(path.resolve())
        yield root


def _run(command: list[str], root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": "src"}
    program = [sys.executable, "-m", "alexnet_pipe", *command]
    subprocess.run(program, cwd=root, env=environment, capture_output=True, check=True)


if __name__ == "__main__":
    show(Artifacts(Path.cwd()), 3)
