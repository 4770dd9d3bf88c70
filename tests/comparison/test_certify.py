"""The pipeline is run once more from nothing, and each artifact is the same, or it is said how it differs."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml

from alexnet_pipe.comparison.difference import difference
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import load_model, save_model
from alexnet_pipe.project.clones import CLEAN
from alexnet_pipe.project.run_lock import only_run
from tests.patience import HANGS
from tests.service.services import until

# Training and evaluation are one stage. noise.txt names the stage that makes another result each time, fails or waits.
STAGE = """
import json, os, sys, time
from pathlib import Path
from pyarrow import csv, parquet, table
from alexnet_pipe.base.paths import Artifacts, home

stage, artifacts = sys.argv[1], Artifacts()
mode = (home() / "noise.txt").read_text().split()
noise = str(time.time_ns()) if mode[0] == stage else ""
with (home() / "runs.txt").open("a") as runs:
    print(stage, file=runs)
if mode == [stage, "wait"]:
    (home() / "waiting.txt").write_text(str(os.getpid()))
    time.sleep(600)
if mode == [stage, "fail"]:
    sys.exit("alexnet-pipe: the source does not answer")
for folder in ("data", "models", "metrics", "evaluation", "report"):
    Path(folder).mkdir(exist_ok=True)
if stage == "download":
    names = (home() / "photographs.txt").read_text().split()
    parquet.write_table(table({"member": names + [noise] * bool(noise)}), artifacts.manifest)
    artifacts.data_metrics.write_text(json.dumps({"classes": 2}))
if stage == "train":
    resumed = sorted(path.name for path in artifacts.checkpoints.glob("*"))
    artifacts.model.write_text(f"weights {noise} {resumed}")
    metrics = {"seconds": time.time(), "train_loss": 0.5, "weights_digest": "ab", "backend": "keras", "device": "cpu"}
    artifacts.train_metrics.write_text(json.dumps(metrics))
    wrong = 3 if noise else 1
    parquet.write_table(table({"sha256": [f"{n:064x}" for n in range(20)]}), artifacts.predictions)
    predicted = ["dog"] * wrong + ["cat"] * (20 - wrong)
    csv.write_csv(table({"actual": ["cat"] * 20, "predicted": predicted}), artifacts.confusion)
if stage == "report":
    artifacts.report.write_text(f"page of {time.time_ns()}")
"""
STAGES: dict[str, dict[str, Any]] = {
    "download": {"outs": ["data/manifest.parquet"], "metrics": [{"metrics/data.json": {"cache": False}}]},
    "train": {
        "deps": ["data/manifest.parquet"],
        "params": ["train"],
        "outs": ["models/alexnet.keras", "evaluation/predictions.parquet", "evaluation/confusion.csv"],
        "metrics": [{"metrics/train.json": {"cache": False}}],
    },
    "report": {"deps": ["evaluation/confusion.csv", "report/certificate.json"], "outs": ["report/index.html"]},
}
PYTHON = sys.executable
IGNORED = ("noise.txt", "photographs.txt", "runs.txt", "waiting.txt", "checkpoints", "data", "models", "evaluation")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, as_quick_python: None) -> Path:
    """All stages have run and are committed; a checkpoint of an interrupted training lies there."""
    folder = tmp_path_factory.mktemp("certify")
    for name, content in STAGES.items():
        content |= {"cmd": f"{PYTHON} stage.py {name}", "deps": ["stage.py", *content.get("deps", [])]}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}, sort_keys=False))
    (folder / "params.yaml").write_text("train: {seed: 1}\n")
    (folder / "stage.py").write_text(STAGE)
    (folder / "noise.txt").write_text("none")
    (folder / "photographs.txt").write_text("a.jpg b.jpg")
    (folder / ".gitignore").write_text("".join(f"/{name}\n" for name in IGNORED) + "/.prefect\n/report/*.html\n")
    (folder / "report").mkdir()
    (folder / "report/certificate.json").write_text("{}\n")
    # A cache that several clones share, as far as the commit says.
    call(folder, "git", "init", "-q")
    dvc(folder, "init", "-q")
    dvc(folder, "config", "cache.dir", str(folder / ".dvc/cache"))
    dvc(folder, "repro", "-q")
    (folder / "checkpoints/train-interrupted").mkdir(parents=True)
    commit(folder)
    return folder


@pytest.fixture
def noise(project: Path) -> Callable[[str], None]:
    return lambda mode: (project / "noise.txt").write_text(mode) and None


def call(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def dvc(folder: Path, *arguments: str) -> None:
    done = call(folder, sys.executable, "-m", "dvc", *arguments)
    assert done.returncode == 0, done.stderr


def commit(folder: Path) -> None:
    call(folder, "git", "add", "--all")
    done = call(folder, "git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "All")
    assert done.returncode == 0, done.stderr


def certify(folder: Path) -> subprocess.CompletedProcess[str]:
    return call(folder, sys.executable, "-m", "alexnet_pipe", "certify")


def certificate(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "report/certificate.json").read_text())
    return content | {"artifacts": {each.pop("path"): each for each in content["artifacts"]}}


def state_of(folder: Path) -> dict[str, bytes]:
    """All that a certificate must not touch, the cache included."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(OWN)}


OWN = (".prefect", ".git/", ".dvc/tmp", "report/certificate.json", "runs.txt")


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_what_repeats_is_certified_from_the_source_on_and_nothing_else_changes(project: Path) -> None:
    (project / "runs.txt").unlink()
    before = state_of(project)
    done = certify(project)
    assert done.returncode == 0, done.stderr
    assert (project / "runs.txt").read_text().split() == list(STAGES)
    found = certificate(project)
    assert {path: each["kind"] for path, each in found["artifacts"].items()} == {
        "data/manifest.parquet": "data",
        "metrics/data.json": "data",
        "models/alexnet.keras": "training",
        "evaluation/predictions.parquet": "training",
        "evaluation/confusion.csv": "training",
        "metrics/train.json": "training",
        "report/index.html": "report",
    }
    assert [path for path, each in found["artifacts"].items() if not each["same"]] == ["report/index.html"]
    assert re.fullmatch(r".*course: seconds [\d,.e+]+, now .*", found["artifacts"]["metrics/train.json"]["note"])
    assert found["artifacts"]["report/index.html"]["note"] == "1 of 1 lines differ; it shows how long the run took"
    assert found["weights_digest"] == "ab"
    assert re.fullmatch(r"keras [\d.]+, Keras [\d.]+, cpu", found["backend"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"])
    assert found["training"].startswith("The training repeats: weights and results are the same to the bit")
    assert found["artifacts"]["models/alexnet.keras"]["note"] == "same bytes"
    assert {each["path"]: each["note"] for each in found["papers"]} == {
        "models/alexnet.intoto.json": "missing: `dvc repro`",
        "models/alexnet.sig": "nobody has signed the model",
        "report/sbom.cdx.json": "not made: uv.lock is missing: run from the project's top folder",
        "data/croissant.json": "missing: `dvc repro`",
        "MODEL_CARD.md": "missing: `dvc repro`",
    }
    assert "certify: stage 2 of 3, train" in done.stdout.splitlines()
    assert done.stdout.endswith("`dvc repro` makes the page that shows it\n")
    assert state_of(project) == before
    assert not (project / CLEAN).exists()


@pytest.mark.slow
def test_data_that_does_not_repeat_is_named_and_ends_with_status_1(project: Path, noise: Callable[[str], None]) -> None:
    noise("download")
    done = certify(project)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["alexnet-pipe: the data does not repeat: data/manifest.parquet differ"]
    assert certificate(project)["artifacts"]["data/manifest.parquet"] == {
        "kind": "data",
        "same": False,
        "note": "1 of 3 rows differ",
    }


@pytest.mark.slow
def test_a_training_that_does_not_repeat_is_compared_image_by_image(
    project: Path, noise: Callable[[str], None]
) -> None:
    noise("train")
    done = certify(project)
    assert done.returncode == 0, done.stderr
    found = certificate(project)
    assert found["artifacts"]["evaluation/confusion.csv"]["note"] == "2 of 20 rows differ"
    # Tango's interval of 2 lost and 0 won among 20; McNemar's exact test: 2 · (1/2)².
    assert (
        "Of 20 test images, ten views, 1 were wrong and 3 are now: +10.00% (-7.72% to +30.10%, 95 % interval), "
        "2 lost and 0 won, McNemar's exact test p = 0.5." in found["training"]
    )


@pytest.mark.slow
def test_what_differs_is_named_even_where_the_earlier_artifacts_are_not_at_hand(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project, copy, symlinks=True)
    dvc(copy, "config", "--local", "cache.dir", str(tmp_path / "empty"))
    (copy / "noise.txt").write_text("train")
    done = certify(copy)
    assert done.returncode == 0, done.stderr
    said = "evaluation/confusion.csv        differs: the earlier one is not here to compare with: `dvc fetch` gets it"
    assert said in done.stdout.splitlines()
    assert "The earlier predictions are not here to compare with" in certificate(copy)["training"]


@pytest.mark.slow
def test_a_stage_that_fails_is_one_line_and_certifies_nothing(project: Path, noise: Callable[[str], None]) -> None:
    before = (project / "report/certificate.json").read_bytes()
    noise("download fail")
    done = certify(project)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "alexnet-pipe: download failed: the source does not answer (a certificate starts from the source again)"
    ]
    assert (project / "report/certificate.json").read_bytes() == before
    assert not (project / CLEAN).exists()


@pytest.mark.slow
def test_an_interrupt_leaves_nothing_at_work_and_nothing_behind(project: Path, noise: Callable[[str], None]) -> None:
    noise("train wait")
    waiting, before = project / "waiting.txt", (project / "report/certificate.json").read_bytes()
    command = [PYTHON, "-m", "alexnet_pipe", "certify"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: (waiting.exists() and waiting.read_text()) or process.poll() is not None)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 130
    assert errors == "alexnet-pipe: certify was interrupted: nothing is certified, and its clone is gone\n"
    assert not is_alive(int(waiting.read_text()))
    assert not (project / CLEAN).exists()
    assert (project / "report/certificate.json").read_bytes() == before
    waiting.unlink()


@pytest.mark.slow
def test_only_what_is_committed_and_of_one_piece_is_certified(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project, copy, symlinks=True)
    call(copy, "git", "checkout", "--quiet", "--", "report/certificate.json")
    with only_run(copy):
        assert "another run is going on here" in certify(copy).stderr
    (copy / "params.yaml").write_text("train: {seed: 2}\n")
    changed = certify(copy)
    assert changed.returncode == 1
    assert changed.stderr.startswith("alexnet-pipe: changes are not committed (params.yaml): commit or undo them")
    commit(copy)
    outdated = certify(copy)
    assert outdated.returncode == 1
    assert outdated.stderr.splitlines() == [
        "alexnet-pipe: dvc.lock is not of this commit's code and parameters (train: params.yaml): "
        "run `dvc repro` and commit"
    ]
    call(copy, "git", "checkout", "--quiet", "HEAD~", "--", "params.yaml")
    call(copy, "git", "rm", "--quiet", "--cached", "report/certificate.json")
    (copy / ".gitignore").write_text((copy / ".gitignore").read_text() + "/report/\n")
    commit(copy)
    assert "parameters (report: report/certificate.json)" in certify(copy).stderr
    assert "dvc.lock is missing: run from the project's top folder" in certify(tmp_path).stderr


Writer = Callable[[Path, Any], Any]


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content))


def write_table(path: Path, columns: dict[str, list[Any]]) -> None:
    table = pd.DataFrame(columns)
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path)


def write_array(path: Path, values: list[Any]) -> None:
    np.save(path, np.array(values, np.float32))


def write_text(path: Path, content: str) -> None:
    path.write_text(content)


def write_folder(path: Path, files: dict[str, str]) -> None:
    path.mkdir()
    for name, content in files.items():
        (path / name).write_text(content)


@pytest.mark.parametrize(
    ("name", "write", "before", "now", "same", "note"),
    [
        ("a.json", write_json, {"e": {"low": 0.5}, "n": 1}, {"e": {"low": 0.25}, "n": 1}, False,
         "e.low 0.5, now 0.25 (-0.25)"),
        ("a.json", write_json, {"top5": None}, {"top5": 0.5}, False, "top5 missing, now 0.5"),
        ("a.json", write_json, {"seconds": 2, "loss": 1}, {"seconds": 3, "loss": 1}, True,
         "the same results; the run took another course: seconds 2, now 3 (+1)"),
        ("a.json", write_json, {"seconds": 2, "loss": 1}, {"seconds": 3, "loss": 2}, False, "loss 1, now 2 (+1)"),
        ("a.json", write_json, dict(zip("abcdef", range(6), strict=True)), {}, False,
         "a 0, now missing; b 1, now missing; c 2, now missing; d 3, now missing; 2 more"),
        ("a.csv", write_table, {"a": [1, 2, 3]}, {"a": [1, 5, 3]}, False, "1 of 3 rows differ"),
        ("a.csv", write_table, {"a": [1, 2]}, {"a": [2, 1]}, False, "the same rows in another order or encoding"),
        ("a.csv", write_table, {"a": [1, 2]}, {"b": [1, 2]}, False, "columns a, now b"),
        ("a.csv", write_table, {"n": [1], "steps_per_second": [2.0]}, {"n": [1], "steps_per_second": [3.0]}, True,
         "the same results; the run took another course: steps_per_second"),
        ("a.parquet", write_table, {"p": [[0.1, 0.2], [0.3]]}, {"p": [[0.1, 0.2], [0.3 + 1e-16]]}, False,
         "1 of 2 rows differ"),
        ("a.npy", write_array, [[1, 2], [3, 4]], [[1, 2], [3, 6]], False, "25.00% of 4 values differ, by 2 at most"),
        ("a.npy", write_array, [1, 2], [1], False, "float32 (2,), now float32 (1,)"),
        ("a.html", write_text, "a\nb\nc", "a\nx\nc", False, "1 of 3 lines differ"),
        ("a.keras", write_text, "no model", "another", False, "8 bytes, now 7"),
        ("a", write_folder, {"x": "1", "y": "2"}, {"x": "1", "z": "2"}, False, "2 of 3 files differ: y, z"),
    ],
)  # fmt: skip
def test_a_difference_is_said_in_the_terms_of_its_kind(
    tmp_path: Path, name: str, write: Writer, before: Any, now: Any, same: bool, note: str
) -> None:
    paths = tmp_path / "before" / name, tmp_path / "now" / name
    for path, content in zip(paths, (before, now), strict=True):
        path.parent.mkdir()
        write(path, content)
    assert difference(*paths) == (same, note)


def test_images_are_found_by_their_origin_wherever_they_lie_in_the_store(tmp_path: Path) -> None:
    pixels = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2, 1)
    changed = pixels[[2, 0]].copy()
    changed[0, 0, 0] += 1
    stores = {"before": (pixels, ["a", "b", "c"]), "now": (changed, ["c", "a"])}
    for name, (images, members) in stores.items():
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "train.npy", images)
        index = {"container": "x.zip", "member": members, "shard": "train.npy", "row": range(len(members))}
        pd.DataFrame(index).to_parquet(tmp_path / name / "index.parquet")
    assert difference(tmp_path / "before", tmp_path / "now") == (False, "of 2 images 1 differ, 1 are missing")


def test_weights_are_compared_relative_to_the_largest_of_their_tensor(tmp_path: Path) -> None:
    before, now = tmp_path / "before.keras", tmp_path / "now.keras"
    save_model(before, Classifier(["a", "b"], width=0.05, initialisation="he"))
    model = load_model(before)
    kernel = model.network.get_layer("fc8").kernel
    values = np.asarray(kernel)
    values = values / np.abs(values).max()
    kernel.assign(values)
    save_model(before, model)
    values[0, 0] += 0.25
    kernel.assign(values)
    save_model(now, model)
    same, note = difference(before, now)
    assert not same
    assert note.startswith("1 of 17 tensors differ, by 0.25 of the largest value at most")
