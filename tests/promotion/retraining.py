"""A project that retrains in seconds: the real download, and a network that is wrong as often as it is told."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from dvc.cli import main

from alexnet_pipe.params.preset import override_params
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.clones import CHALLENGER, challenger
from alexnet_pipe.project.dvc import reproduce
from alexnet_pipe.project.run_lock import only_run
from alexnet_pipe.promotion.decision import Decision, Verdict, decide, follow, news
from alexnet_pipe.promotion.handover import finish_promotion, promote

# Arrow reads a table; pandas would take longer to start than all the rest.
_TRAIN = """
import pathlib, pyarrow.parquet, yaml
seed = yaml.safe_load(open("params.yaml"))["train"]["seed"]
images = pyarrow.parquet.read_table("data/manifest.parquet")["split"].to_pylist().count("train")
pathlib.Path("models").mkdir(exist_ok=True)
pathlib.Path("models/alexnet.keras").write_text(f"{seed} {images}")
"""
_EVALUATE = """
import csv, json, pathlib, pyarrow, pyarrow.parquet
wrong = int(pathlib.Path("models/alexnet.keras").read_text().split()[0])
manifest = pyarrow.parquet.read_table("data/manifest.parquet", columns=["member", "sha256", "split"]).to_pylist()
rows = sorted((row for row in manifest if row["split"] == "test"), key=lambda row: row["member"])
pathlib.Path("evaluation").mkdir(exist_ok=True)
pathlib.Path("metrics").mkdir(exist_ok=True)
tested = pyarrow.table({"sha256": [row["sha256"] for row in rows]})
pyarrow.parquet.write_table(tested, "evaluation/predictions.parquet")
actual = [pathlib.PurePath(row["member"]).parent.name for row in rows]
with open("evaluation/confusion.csv", "w") as file:
    csv.writer(file).writerow(["actual", "predicted"])
    # From 100 on it is the last ones, so many as there are hundreds: dogs, where else it is cats.
    missed = range(len(rows))[-(wrong // 100):] if wrong >= 100 else range(wrong)
    csv.writer(file).writerows([name, "other" if n in missed else name] for n, name in enumerate(actual))
pathlib.Path("MODEL_CARD.md").write_text(f"{wrong} wrong\\n")
ends = ("", "_interval", "_ten_view", "_ten_view_interval")
unknown = dict.fromkeys(f"top{n}_error{end}" for n in (1, 5) for end in ends)
known = {"top1_error_ten_view": len(missed) / len(rows), "top1_error_ten_view_interval": {"low": 0.0, "high": 1.0}}
pathlib.Path("metrics/test.json").write_text(json.dumps({"examples": len(rows)} | unknown | known))
"""


def stages() -> dict[str, Any]:
    """Those of `dvc.yaml`, run by the Python that runs this."""
    return {
        "download": {
            "cmd": f"{sys.executable} -m alexnet_pipe stage download",
            "params": ["dataset"],
            "outs": ["data/source", "data/manifest.parquet", "data/version.json"],
        },
        "train": {
            "cmd": f"{sys.executable} train.py",
            "params": ["train.seed"],
            "deps": ["data/manifest.parquet", "train.py"],
            "outs": ["models/alexnet.keras"],
        },
        "evaluate": {
            "cmd": f"{sys.executable} evaluate.py",
            "deps": ["models/alexnet.keras", "data/manifest.parquet"],
            "outs": ["evaluation/predictions.parquet", {"MODEL_CARD.md": {"cache": False}}],
            "plots": ["evaluation/confusion.csv"],
            "metrics": [{"metrics/test.json": {"cache": False}}],
        },
    }


_CONFIG = """
[core]
    analytics = false
    remote = store
[cache]
    type = "reflink,hardlink,symlink"
['remote "store"']
    url = ../../store
"""
TEST_IMAGES = 40


def make_project(folder: Path, wrong: int, own_test_split: bool = True) -> None:
    """A git and DVC repository, all committed, whose network gets `wrong` test images wrong, of 40 or about so many."""
    add_photographs(folder, "train", 8 if own_test_split else 5 * TEST_IMAGES)
    if own_test_split:
        add_photographs(folder, "test", TEST_IMAGES)
    dataset = {"source": "directory", "location": "photographs"}
    (folder / "params.yaml").write_text(yaml.safe_dump({"dataset": dataset, "train": {"seed": wrong}}))
    registered = {"alexnet": {"path": "models/alexnet.keras"}, "alexnet-card": {"path": "MODEL_CARD.md"}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages(), "artifacts": registered}, sort_keys=False))
    (folder / "train.py").write_text(_TRAIN)
    (folder / "evaluate.py").write_text(_EVALUATE)
    (folder / ".gitignore").write_text("/photographs\n/data\n/models\n/evaluation\n/.prefect\n/checkpoints\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "Alex")
    git(folder, "config", "user.email", "alex@example.org")
    dvc(folder, "init", "--quiet")
    (folder / ".dvc/config").write_text(_CONFIG)
    dvc(folder, "repro", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "First model")


def add_photographs(folder: Path, split: str, count: int) -> None:
    """Half of them of each class; downloading does not look into them."""
    place = folder / "photographs" / split
    start = sum(1 for _ in place.rglob("*.jpg"))
    for number in range(start, start + count):
        path = place / ("cats" if number % 2 else "dogs") / f"{number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{split} {number}".encode())


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def dvc(folder: Path, *arguments: str) -> None:
    """In this process, which has imported DVC already."""
    with contextlib.chdir(folder):
        assert main(list(arguments)) == 0, arguments


def state_of(folder: Path) -> dict[str, str]:
    """What a promotion changes: branch, tags, and the files that git knows."""
    return {
        "branch": git(folder, "rev-parse", "main"),
        "tags": git(folder, "tag"),
        "changes": git(folder, "status", "--porcelain", "--untracked-files=no"),
        "lock": (folder / "dvc.lock").read_text(),
    }


def train_challenger(project: Checkout, wrong: int | None = None) -> Checkout:
    """What the flow does before it decides; `wrong` is the new model's number of errors."""
    copy = challenger(project)
    override_params(copy.root, {} if wrong is None else {"train.seed": wrong})
    if found := news(copy):
        follow(copy.root, found)
        reproduce(copy, "download", print, force=True)
    with patch.dict(os.environ, copy.environment):
        dvc(copy.root, "repro", "--quiet")
    return copy


def retrain(root: Path, wrong: int | None = None, promotion: PromotionParams | None = None) -> Decision:
    """What the flow does, without Prefect."""
    with only_run(root) as project:
        finish_promotion(project)
        copy = train_challenger(project, wrong)
        decision = decide(copy, promotion or PromotionParams(), retest)
        if decision.verdict is Verdict.PROMOTED:
            promote(project, copy, "prod", decision.reason)
    return decision


def retest(copy: Checkout, revision: str, photographs: Sequence[str]) -> dict[str, str]:
    """Stands for a champion that is wrong on all photographs that it had not been tested on."""
    return dict.fromkeys(photographs, "other")


if __name__ == "__main__":
    promote(Checkout(Path(sys.argv[1])), Checkout(Path(sys.argv[1], CHALLENGER)), "prod", "A better model")
