"""The same bytes come out whatever the workers are, and whenever the stage is killed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cluster.connect import SCHEDULER
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation import store_writer as plan
from alexnet_pipe.stages import mean, pca, resize
from tests.cluster.test_connect import scheduler
from tests.clusters import cluster
from tests.patience import HANGS
from tests.stages.test_resize import make_source, photographs, png

pytestmark = pytest.mark.slow


def outputs(artifacts: Artifacts) -> dict[str, str]:
    paths = [*artifacts.images.iterdir(), artifacts.rejected, artifacts.mean, artifacts.pca]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def run_stages(root: Path) -> dict[str, str]:
    artifacts = make_source(root, photographs({"train/cat/bad.png": b"x"}))
    resize.run(artifacts, ResizeParams(max_rejected=0.5))
    mean.run(artifacts)
    pca.run(artifacts)
    assert not list(artifacts.checkpoints.iterdir())
    return outputs(artifacts)


def test_one_two_and_eight_workers_here_or_elsewhere_make_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SHARD_IMAGES", 5)
    stores = []
    stores.append(run_stages(tmp_path / "default"))
    for workers in (1, 8):
        with cluster(workers) as address:
            monkeypatch.setenv(SCHEDULER, address)
            stores.append(run_stages(tmp_path / str(workers)))
    with scheduler(2) as address:
        monkeypatch.setenv(SCHEDULER, address)
        stores.append(run_stages(tmp_path / "remote"))
    assert all(store == stores[0] for store in stores)
    assert sum(name.startswith("train-") for name in stores[0]) == 3


def many_photographs(root: Path) -> Artifacts:
    """Three shards of training images, and one of each other split."""
    files = {
        f"train/{label}/{n}.png": png(n % 200 + shift)
        for label, shift in (("cat", 0), ("dog", 50))
        for n in range(1200)
    }
    files |= {f"{split}/{label}/1.png": png(7) for split in ("val", "test") for label in ("cat", "dog")}
    artifacts = make_source(root, files)
    (root / "params.yaml").write_text(yaml.safe_dump({"resize": {"min_side": 8, "max_conflicts": 1.0}}))
    return artifacts


def test_a_stage_killed_in_the_middle_redoes_unfinished_shards_only(tmp_path: Path) -> None:
    artifacts = many_photographs(tmp_path / "killed")
    command = [sys.executable, "-m", "alexnet_pipe", "stage", "resize"]
    with subprocess.Popen(command, cwd=artifacts.root, stdout=subprocess.DEVNULL) as process:
        while not (finished := list(artifacts.checkpoints.glob("resize-*/*.npz"))):
            assert process.poll() is None
            time.sleep(0.01)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(workers, timeout=HANGS)
    assert gone
    assert not alive
    before = {path: path.stat().st_mtime_ns for path in finished[0].parent.glob("store/[!.]*.npy")}
    kept = {path.name.removesuffix(".npz") for path in finished[0].parent.glob("*.npz")}
    result = subprocess.run(command, cwd=artifacts.root, check=True, capture_output=True, text=True)
    assert "resize: going on with what an interrupted run has finished" in result.stdout
    for path, modified in before.items():
        if path.name in kept:
            assert (artifacts.images / path.name).stat().st_mtime_ns == modified
    assert not list(artifacts.checkpoints.iterdir())

    undisturbed = many_photographs(tmp_path / "undisturbed")
    resize.run(undisturbed, ResizeParams(min_side=8, max_conflicts=1.0))
    names = sorted(path.name for path in undisturbed.images.iterdir())
    assert names == sorted(path.name for path in artifacts.images.iterdir())
    assert all((artifacts.images / name).read_bytes() == (undisturbed.images / name).read_bytes() for name in names)
    assert json.loads(artifacts.data_metrics.read_text()) == json.loads(undisturbed.data_metrics.read_text())


def test_an_interrupt_ends_the_stage_with_one_line(tmp_path: Path) -> None:
    artifacts = many_photographs(tmp_path)
    command = [sys.executable, "-m", "alexnet_pipe", "stage", "resize"]
    with subprocess.Popen(
        command, cwd=artifacts.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not list(artifacts.checkpoints.glob("resize-*/store/.*.partial")):
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # As a terminal does: to the workers as well.
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 130
    assert errors == "alexnet-pipe: stopped by SIGINT; run the same command again to go on\n"
