"""Which of several processes this one is, from what surrounds it."""

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training import rank
from alexnet_pipe.training.rank import Rank, rank_of

JAX = {"JAX_COORDINATOR_ADDRESS": "node0:1234", "JAX_NUM_PROCESSES": "4", "JAX_PROCESS_ID": "2"}
STEP = {"SLURM_JOB_ID": "7", "SLURM_STEP_NODELIST": "node[0-3]", "SLURM_LOCALID": "0"}
SLURM = STEP | {"SLURM_NTASKS": "4", "SLURM_PROCID": "3"}
BATCH_SCRIPT = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}


@pytest.fixture
def surrounded(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*JAX, *SLURM):
        monkeypatch.delenv(name, raising=False)
    hosts = {"node0": {"10.0.0.1"}, "node1": {"10.0.0.2"}, "both": {"10.0.0.2", "fe80::1"}, "other": {"10.0.0.9"}}
    monkeypatch.setattr(rank, "_addresses", hosts.__getitem__)
    monkeypatch.setattr(rank, "_own_addresses", lambda: {"127.0.0.1", "10.0.0.2"})
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "cluster", "found"),
    [
        ({}, [], None),
        (JAX, [], Rank(2, 4, "node0:1234")),
        (SLURM, [], Rank(3, 4)),
        (SLURM | JAX, ["node0", "node1"], Rank(2, 4, "node0:1234")),
        # What `sbatch` sets for the script itself, which is no task of a step; and a step of one task.
        (BATCH_SCRIPT, [], None),
        (SLURM | {"SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, [], None),
        ({}, ["node0", "node1"], Rank(1, 2, "node0:8476")),
        ({}, ["node0:99", "both"], Rank(1, 2, "node0:99")),
        ({}, ["node1"], None),
    ],
)
def test_it_is_found_by_variables_before_addresses(
    variables: dict[str, str], cluster: list[str], found: Rank | None, surrounded: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        surrounded.setenv(name, value)
    assert rank_of(TrainParams(backend="jax", cluster=cluster)) == found


@pytest.mark.parametrize(
    ("variables", "cluster", "said"),
    [
        (JAX | {"JAX_PROCESS_ID": "4"}, [], "JAX_PROCESS_ID is 4, and JAX_NUM_PROCESSES 4: processes are counted from"),
        (JAX | {"JAX_NUM_PROCESSES": "many"}, [], "JAX_NUM_PROCESSES and JAX_PROCESS_ID are to be numbers"),
        ({"JAX_NUM_PROCESSES": "2", "JAX_PROCESS_ID": "0"}, [], "JAX_COORDINATOR_ADDRESS is not: it is HOST:PORT"),
        ({}, ["node0", "other"], "does not name this machine, among node0, other"),
        ({}, ["node1", "both"], "names this machine more than once"),
    ],
)
def test_what_cannot_be_told_is_said(
    variables: dict[str, str], cluster: list[str], said: str, surrounded: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        surrounded.setenv(name, value)
    with pytest.raises(UserError, match=said):
        rank_of(TrainParams(backend="jax", cluster=cluster))


def test_several_processes_need_jax(surrounded: pytest.MonkeyPatch) -> None:
    for name, value in JAX.items():
        surrounded.setenv(name, value)
    with pytest.raises(UserError, match=r"4 processes need train\.backend jax, and it is tensorflow"):
        rank_of(TrainParams())


@pytest.mark.usefixtures("surrounded")
def test_a_name_without_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"train\.cluster: no-such-host\.invalid has no address"):
        rank_of(TrainParams(backend="jax", cluster=["no-such-host.invalid", "127.0.0.1"]))
