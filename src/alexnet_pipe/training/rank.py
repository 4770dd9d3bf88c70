"""Which of several processes that train together this one is: by JAX's variables, SLURM's, or addresses."""

import os
import socket
from dataclasses import dataclass

import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.train import TrainParams

PORT = 8476
"""Where number 0 listens, if `train.cluster` says nothing else."""

_JAX = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
_SLURM = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID")
"""What JAX finds the others by, in a step of SLURM's."""


@dataclass(frozen=True)
class Rank:
    """Of one of several processes.

    Attributes:
        number: Counts from 0.
        count: How many there are.
        coordinator: `HOST:PORT` where number 0 listens; None if JAX finds it.
    """

    number: int = 0
    count: int = 1
    coordinator: str | None = None


def rank_of(train: TrainParams) -> Rank | None:
    """That of this process, as JAX's variables say it, or SLURM's, or else `train.cluster`; None if it is alone.

    Raises:
        UserError: if that cannot be told, or if `train.backend` cannot do it.
    """
    rank = _by_variables() or (_by_addresses(train.cluster) if train.cluster else None)
    if rank is None or rank.count == 1:
        return None
    if train.backend != "jax":
        raise UserError(f"{rank.count} processes need train.backend jax, and it is {train.backend}")
    return rank


def _by_variables() -> Rank | None:
    if all(name in os.environ for name in _JAX[1:]):
        names, coordinator = _JAX[1:], os.environ.get(_JAX[0])
        if coordinator is None:
            raise UserError(f"{_JAX[1]} is set, and {_JAX[0]} is not: it is HOST:PORT of process 0")
    elif all(name in os.environ for name in _SLURM):
        names, coordinator = _SLURM[2:4], None
    else:
        return None
    try:
        count, number = (int(os.environ[name]) for name in names)
    except ValueError:
        raise UserError(f"{' and '.join(names)} are to be numbers") from None
    if not 0 <= number < count:
        raise UserError(f"{names[1]} is {number}, and {names[0]} {count}: processes are counted from 0")
    return Rank(number, count, coordinator)


def _by_addresses(cluster: list[str]) -> Rank:
    """By which of the hosts has an address of this machine."""
    own = _own_addresses()
    hosts = [host.partition(":")[0] for host in cluster]
    mine = [number for number, host in enumerate(hosts) if own & _addresses(host)]
    if len(mine) != 1:
        found = "names this machine more than once" if mine else "does not name this machine"
        raise UserError(
            f"train.cluster {found}, among {', '.join(hosts)}: where names cannot tell, set {', '.join(_JAX)}"
        )
    return Rank(mine[0], len(cluster), cluster[0] if ":" in cluster[0] else f"{cluster[0]}:{PORT}")


def _own_addresses() -> set[str]:
    return {each.address for addresses in psutil.net_if_addrs().values() for each in addresses}


def _addresses(host: str) -> set[str]:
    try:
        return {str(address[0]) for *_, address in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise UserError(f"train.cluster: {host} has no address ({error.strerror}): is the name right?") from None
