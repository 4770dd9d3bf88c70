"""The recipes for several machines are what SLURM, Kubeflow and SkyPilot read, and their scripts do what they should.

The scripts run, with stand-ins for the programs that they call. docs/scale.md says what was run on a real cluster.
"""

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from alexnet_pipe.base.paths import CHECKPOINTS
from tests.scale.stand_ins import ROOT, StandIns

CLUSTER = ROOT / "conf/cluster"
JOB = {"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}
JOB |= {"SLURM_CPUS_PER_TASK": "8", "SLURM_CPUS_ON_NODE": "16"}
TOGETHER = [f"alexnet-pipe run train SLURM_NTASKS=4 SLURM_PROCID={number}" for number in range(4)]
ALONE = "SLURM_NTASKS=1 SLURM_PROCID=0"
SKYPILOT = {"SKYPILOT_NUM_NODES": "2", "SKYPILOT_NODE_IPS": "10.0.0.1\n10.0.0.2"}
NUMBERED = "JAX_COORDINATOR_ADDRESS=10.0.0.1:8476 JAX_NUM_PROCESSES=2 JAX_PROCESS_ID="


@pytest.fixture
def slurm(tmp_path: Path) -> StandIns:
    """Nothing is trained yet."""
    stand_ins = StandIns.beside_recipes(tmp_path)
    stand_ins.add_srun()
    stand_ins.add("scontrol", installed=True)
    stand_ins.add("dvc", "exit 1")
    stand_ins.add("alexnet-pipe")
    return stand_ins


@pytest.fixture
def node(tmp_path: Path) -> StandIns:
    stand_ins = StandIns.beside_recipes(tmp_path)
    stand_ins.add("dvc")
    stand_ins.add("alexnet-pipe")
    stand_ins.add("git", 'if [ "$1" = diff ]; then echo changed; fi', installed=True)
    stand_ins.checkpoints.mkdir()
    return stand_ins


def read(name: str) -> Any:
    return yaml.safe_load((CLUSTER / name).read_text(encoding="utf-8"))


def sbatch_options() -> dict[str, str]:
    lines = (CLUSTER / "train.slurm").read_text(encoding="utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if line and not line.startswith("#"))
    options = [line.removeprefix("#SBATCH --") for line in lines[:end] if line.startswith("#SBATCH")]
    assert [line for line in lines[end:] if line.startswith("#SBATCH")] == [], "SLURM reads them before all commands"
    return {name: value for name, _, value in (option.partition("=") for option in options)}


@pytest.mark.parametrize("name", ["train.slurm", "node.sh"])
def test_bash_takes_the_scripts(name: str) -> None:
    subprocess.run(["bash", "-n", CLUSTER / name], check=True)
    assert os.access(CLUSTER / name, os.X_OK)


def test_slurm_gives_a_task_to_each_gpu_and_stops_them_in_time() -> None:
    options = sbatch_options()
    assert options["gpus-per-node"] == options["ntasks-per-node"]
    assert "gpus-per-task" not in options
    assert re.fullmatch(r"TERM@\d+", options["signal"])
    assert {"requeue", "nodes", "cpus-per-task", "time"} <= options.keys()


def test_under_slurm_one_makes_what_all_read_all_train_and_one_goes_on(slurm: StandIns) -> None:
    assert slurm.run("train.slurm", JOB) == 0
    first, *together, last = slurm.called("alexnet-pipe")
    assert first == f"alexnet-pipe run mean pca {ALONE}"
    assert sorted(together) == TOGETHER
    assert last == f"alexnet-pipe run {ALONE}"
    assert slurm.called("scontrol") == []
    assert [re.findall("cpus-per-task=([0-9]+)", call) for call in slurm.called("srun")] == [["16"], ["8"], ["16"]]


def test_under_slurm_a_network_that_is_trained_is_not_trained_by_all(slurm: StandIns) -> None:
    slurm.add("dvc")
    assert slurm.run("train.slurm", JOB) == 0
    assert slurm.called("alexnet-pipe") == [f"alexnet-pipe run mean pca {ALONE}", f"alexnet-pipe run {ALONE}"]
    assert slurm.called("dvc")[0].startswith("dvc status --quiet train ")


@pytest.mark.parametrize(("stopped", "calls"), [("run mean pca", 1), ("run train", 5), ("run", 6)])
def test_under_slurm_what_is_stopped_has_another_turn(stopped: str, calls: int, slurm: StandIns) -> None:
    slurm.add("alexnet-pipe", f'if [ "$*" = "{stopped}" ]; then exit 143; fi')
    assert slurm.run("train.slurm", JOB) == 143
    assert len(slurm.called("alexnet-pipe")) == calls
    (requeued,) = slurm.called("scontrol")
    assert requeued.startswith("scontrol requeue 7 ")


@pytest.mark.parametrize(("end", "status"), [("exit 1", 1), ("kill -KILL $$", 137)])
def test_under_slurm_what_fails_in_one_has_no_other_turn(end: str, status: int, slurm: StandIns) -> None:
    # Number 2 fails at once; the others notice later, and would be stopped by a signal that came meanwhile.
    noticed = "trap 'exit 143' TERM; sleep 0.5; exit 1"
    slurm.add("alexnet-pipe", f'[ "$2" != train ] || if [ "$SLURM_PROCID" = 2 ]; then {end}; else {noticed}; fi')
    assert slurm.run("train.slurm", JOB) == status
    assert slurm.called("scontrol") == []
    assert sorted(slurm.called("alexnet-pipe")[1:]) == TOGETHER


def test_number_0_of_the_nodes_gets_what_there_is_runs_all_and_hands_it_back(node: StandIns) -> None:
    assert node.run("node.sh", SKYPILOT | {"SKYPILOT_NODE_RANK": "0"}) == 0
    assert node.called("dvc", "alexnet-pipe", "git") == [
        f"{call} {NUMBERED}0"
        for call in (
            "dvc pull --allow-missing",
            "alexnet-pipe run",
            "dvc push",
            "git add --all",
            "git diff --cached --binary",
        )
    ]


def test_the_other_nodes_get_what_training_reads_and_take_part(node: StandIns) -> None:
    assert node.run("node.sh", SKYPILOT | {"SKYPILOT_NODE_RANK": "1"}) == 0
    pulled, ran = node.called("dvc", "alexnet-pipe", "git")
    assert (pulled, ran) == (f"dvc pull data/images mean pca {NUMBERED}1", f"alexnet-pipe run {NUMBERED}1")

    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    read = {path for path in stages["train"]["deps"] if not path.startswith("src/")}
    assert read == {"data/images", *stages["mean"]["outs"], *stages["pca"]["outs"]}


@pytest.mark.parametrize(("number", "commands"), [("0", 5), ("1", 2)])
def test_a_node_takes_the_variables_that_kubeflow_sets(number: str, commands: int, node: StandIns) -> None:
    variables = {"JAX_COORDINATOR_ADDRESS": "a-node-0-0.a:1", "JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": number}
    assert node.run("node.sh", variables) == 0
    calls = node.called("dvc", "alexnet-pipe", "git")
    assert len(calls) == commands
    told = f"JAX_COORDINATOR_ADDRESS=a-node-0-0.a:1 JAX_NUM_PROCESSES=2 JAX_PROCESS_ID={number}"
    assert calls[1] == f"alexnet-pipe run {told}"


@pytest.mark.parametrize(
    ("program", "status", "last"), [("dvc", 255, "dvc pull"), ("alexnet-pipe", 143, "alexnet-pipe")]
)
@pytest.mark.parametrize("number", ["0", "1"])
def test_a_node_ends_with_what_fails(number: str, program: str, status: int, last: str, node: StandIns) -> None:
    node.add(program, f"exit {status}")
    assert node.run("node.sh", SKYPILOT | {"SKYPILOT_NODE_RANK": number}) == status
    assert node.called("dvc", "alexnet-pipe", "git")[-1].startswith(last)


def test_a_node_that_is_told_to_stop_waits_for_the_checkpoint(node: StandIns) -> None:
    node.add(
        "alexnet-pipe", "trap 'sleep 0.3; touch checkpoints/written; exit 143' TERM; touch begun; sleep 600 & wait"
    )
    with node.start("node.sh", SKYPILOT | {"SKYPILOT_NODE_RANK": "0"}) as process:
        while not (node.folder / "begun").exists():
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
    assert process.returncode == 143
    assert (node.checkpoints / "written").exists()
    assert node.called("dvc") == [f"dvc pull --allow-missing {NUMBERED}0"]


def test_what_number_0_hands_back_is_what_git_is_to_keep(node: StandIns) -> None:
    (node.folder / "bin/git").unlink()
    node.add("alexnet-pipe", "echo new > dvc.lock; mkdir metrics; echo 1 > metrics/train.json")
    (node.folder / ".gitignore").write_text("/.venv/\n/checkpoints/\n/called\n")
    (node.folder / "dvc.lock").write_text("old\n")

    def git(folder: Path, *arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True)

    git(node.folder, "init", "-q")
    git(node.folder, "add", "--all")
    git(node.folder, "commit", "-qm", "first")
    kept = node.folder / "checkpoints/elsewhere"
    kept.mkdir()
    assert node.run("node.sh", {CHECKPOINTS: str(kept)}) == 0
    clone = node.folder / "checkpoints/clone"
    git(node.folder, "clone", "-q", ".", clone.as_posix())
    git(clone, "apply", (kept / "result.patch").as_posix())
    assert (clone / "dvc.lock").read_text() == "new\n"
    assert (clone / "metrics/train.json").read_text() == "1\n"


def test_kubeflow_is_told_its_own_runtime_and_where_checkpoints_outlast_a_node() -> None:
    job = read("trainjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("trainer.kubeflow.org/v1alpha1", "TrainJob")
    runtime = {"name": "jax-distributed", "kind": "ClusterTrainingRuntime", "apiGroup": "trainer.kubeflow.org"}
    assert job["spec"]["runtimeRef"] == runtime
    trainer = job["spec"]["trainer"]
    assert trainer["numNodes"] > 1
    assert trainer["resourcesPerNode"]["limits"]["nvidia.com/gpu"] > 0
    # The runtime sets them.
    assert not [each["name"] for each in trainer["env"] if each["name"].startswith("JAX_")]

    (patch,) = job["spec"]["runtimePatches"]
    (replicated,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    pod = replicated["template"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (replicated["name"], container["name"]) == ("node", "node")
    mounted = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    (checkpoints,) = [each["value"] for each in trainer["env"] if each["name"] == CHECKPOINTS]
    assert "persistentVolumeClaim" in volumes[mounted[checkpoints]]
    assert set(mounted.values()) == set(volumes)


def test_what_kubeflow_starts_is_in_the_image() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    program, *_, script = read("trainjob.yaml")["spec"]["trainer"]["command"]
    assert program in dockerfile.split()
    assert (ROOT / script).samefile(CLUSTER / "node.sh")
    (user,) = re.findall(r"^ARG UID=(\d+)", dockerfile, re.MULTILINE)
    assert f"fsGroup: {user}" in (CLUSTER / "trainjob.yaml").read_text(encoding="utf-8")


def test_skypilot_is_told_of_a_clone_and_of_checkpoints_that_outlast_a_machine() -> None:
    task = read("skypilot.yaml")
    assert task["num_nodes"] > 1
    assert task["workdir"].keys() == {"url", "ref"}
    assert task["file_mounts"][task["envs"][CHECKPOINTS]]["mode"] == "MOUNT_CACHED"
    assert (ROOT / task["run"]).samefile(CLUSTER / "node.sh")
    subprocess.run(["bash", "-n"], input=task["setup"], text=True, check=True)
