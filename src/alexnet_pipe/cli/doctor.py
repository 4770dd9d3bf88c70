"""`alexnet-pipe doctor`: what will be used on this machine, and what is wrong with it."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.startup import without_notices

PACKAGES = ("keras", "dvc", "prefect", "pandas", "pillow")
ROOM = 5e9
"""Bytes of free disk that the sample needs with its environment's caches, generously."""

_PARAMS = Path("params.yaml")


def doctor(
    data: Annotated[bool, typer.Option("--data", help="Read all data, models and results, and DVC's cache.")] = False,
) -> None:
    """Say what will be used here, and what is wrong.

    With `--data`, compare every byte that DVC keeps with `dvc.lock` instead: a disk may lose a bit, and `dvc status`
    looks at sizes and times only.
    """
    if data:
        _compare_data()
        return
    checks = (_python, _packages, _devices, _bfloat16, _disk, _parameters, _repository, _prefect)
    if sum(_report(check()) for check in checks):
        raise typer.Exit(1)


def _compare_data() -> None:
    from alexnet_pipe.project.checkout import Checkout
    from alexnet_pipe.project.damage import data_files

    files = list(data_files(Checkout(Path())))
    damages = [damage for file in files if (damage := file.damage())]
    for damage in damages:
        _report((False, damage))
    if damages:
        raise typer.Exit(1)
    _report((True, f"{len(files):,} files of data, models and results have the bytes that dvc.lock says"))


def _report(finding: tuple[bool, str]) -> bool:
    good, text = finding
    say(f"{'ok     ' if good else 'problem'}  {text}")
    return not good


def _python() -> tuple[bool, str]:
    return (
        True,
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    )


def _packages() -> tuple[bool, str]:
    return True, ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def _devices() -> tuple[bool, str]:
    try:
        with without_notices():
            import keras
    except UserError as error:
        return False, str(error)
    cards, devices = _cards(), [str(device).lower() for device in keras.distribution.list_devices()]
    backend = keras.backend.backend()
    used, jax = f"{backend} will use {', '.join(devices)}", "JAX=1 " if backend == "jax" else ""
    if cards and not any(device.startswith("gpu") for device in devices):
        return False, f"{used}, and not {cards}: run `make setup {jax}GPU=1`"
    return True, f"{used}{f': {cards}' if cards else ''}"


def _cards() -> str:
    """Name, memory and driver of each NVIDIA card, as its driver reports them."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    if shutil.which(query[0]) is None:
        return ""
    result = subprocess.run(query, capture_output=True, text=True, check=False)
    return "; ".join(f"{card}" for card in result.stdout.splitlines()) if result.returncode == 0 else ""


def _bfloat16() -> tuple[bool, str]:
    from alexnet_pipe.experiments.fitting import has_fast_bfloat16

    return True, f"train.precision: mixed_bfloat16 is {'fast' if has_fast_bfloat16() else 'slow'} on this processor"


def _disk() -> tuple[bool, str]:
    written = (Path(), *map(Path, (".dvc", ".git", ".prefect", "checkpoints", "data", "models")))
    if closed := [path for path in written if path.exists() and not os.access(path, os.W_OK)]:
        return False, f"{closed[0].absolute()} may not be written to: work in a folder that you may write to"
    free = shutil.disk_usage(".").free
    return free > ROOM, f"{free / 1e9:.0f} GB of disk free here" + ("" if free > ROOM else ": free some")


def _parameters() -> tuple[bool, str]:
    from alexnet_pipe.params.load import checked_params

    try:
        train = checked_params(_PARAMS).train
    except UserError as error:
        return False, str(error)
    repeat = "repeats to the bit" if train.deterministic else "does not repeat to the bit (train.deterministic: false)"
    return True, f"{_PARAMS} is valid: training in {train.precision} {repeat}"


def _repository() -> tuple[bool, str]:
    from alexnet_pipe.orchestration.start import require_name
    from alexnet_pipe.project.checkout import Checkout, require_commit, top_folder

    if missing := [name for name in (".dvc", "dvc.yaml") if not Path(name).exists()]:
        return False, f"{', '.join(missing)} missing: run from the top folder of the project"
    try:
        require_name(Path.cwd())
        require_commit(Checkout(Path()))
        top = top_folder(Checkout(Path()))
    except UserError as error:
        return False, str(error)
    return True, f"a DVC project, in the git repository {top}"


def _prefect() -> tuple[bool, str]:
    from alexnet_pipe.service.address import require_named_server

    if not (api := os.environ.get("PREFECT_API_URL")):
        return True, "flows use the project's own Prefect server"
    try:
        require_named_server(api)
    except UserError as error:
        return False, str(error)
    return True, "flows use the Prefect server that PREFECT_API_URL names"
