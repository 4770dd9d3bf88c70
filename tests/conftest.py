"""Set-up that every test shares."""

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from absl import logging

from alexnet_pipe.cluster import connect
from tests.clusters import cluster
from tests.patience import HANGS
from tests.service.services import Project, give_database, project
from tests.warm import ALL_STAGES, DVC, warm_python

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Each command of DVC would start one more process, in projects that do not say so themselves, and report to its makers.
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
# Containers often set it. Programs that tests start, copies of the project above all, would compile it at every start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A cluster that is there is waited for, however busy the machine.
connect.PATIENCE = HANGS
# Prefect closes the handlers of all others when it sets up its own, and absl's closes pytest's captured stream with it.
logging.get_absl_handler().python_handler.stream = sys.__stderr__


def pytest_configure(config: pytest.Config) -> None:
    """Of all processes of the session."""
    # What XLA compiles for one of them is compiled for all: it takes longer than most trainings.
    if "TF_XLA_FLAGS" not in os.environ:
        compiled = tempfile.mkdtemp(prefix="compiled-")
        config.add_cleanup(partial(shutil.rmtree, compiled))
        os.environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={compiled}"
    # What `nohup`, or `&` in a script, has a process ignore is ignored by all that it starts; what is handled is not.
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


# What 300 modules of tests import stays, and to look through it again and again takes as long as their import.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


# Their longest tests take a minute and more, or wait for the clock.
LONGEST = (
    "test_serve.py",
    "test_flow.py",
    "test_recovery.py",
    "test_dvc.py",
    "test_certify.py",
    "test_silence.py",
    "test_promotion.py",
    "test_remotes.py",
)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that none of them is left alone at the end; those that share a process, together.

    With `--dist loadgroup` each other file is a group as well.
    """
    items.sort(
        key=lambda item: (
            LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST),
            item.get_closest_marker("slow") is None,
        )
    )
    shared = {"python_with_tensorflow", "prefect_server"}
    files = {item.path: name for item in items for name in shared.intersection(getattr(item, "fixturenames", ()))}
    for item in items:
        item.add_marker(pytest.mark.xdist_group(files.get(item.path, item.nodeid.split("::")[0])))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value by its length: all of it would go to each worker and into each report, megabytes of it."""
    return f"{argname} of {len(val)}" if isinstance(val, str | bytes) and len(val) > 100 else None


@pytest.fixture(scope="session")
def _cluster_address() -> Iterator[str]:
    with cluster(workers=2) as address:
        yield address


@pytest.fixture
def shared_cluster(_cluster_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are there already: stages then start in no time."""
    monkeypatch.setenv("ALEXNET_PIPE_DASK", _cluster_address)


@pytest.fixture(scope="session")
def python_with_tensorflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A program that runs `-m alexnet_pipe` as Python does, and starts in no time."""
    with warm_python(tmp_path_factory.mktemp("warm"), (*ALL_STAGES, *DVC)) as program:
        yield program


@pytest.fixture(scope="session")
def quick_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A program that runs DVC, downloads, comparisons and small scripts as Python does, and starts in no time."""
    modules = ("alexnet_pipe.stages.download", "alexnet_pipe.comparison.compare_page", *DVC)
    with warm_python(tmp_path_factory.mktemp("quick"), modules) as program:
        yield program


@pytest.fixture(scope="module")
def as_quick_python(quick_python: Path) -> Iterator[None]:
    """What this process starts as the Python it is itself is `quick_python`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(quick_python))
        yield


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A server for the flows of any project, which need not start one of their own where `PREFECT_API_URL` names it."""
    with project(tmp_path_factory.mktemp("prefect"), {}) as made:
        give_database(made.folder)
        made.start_server()
        yield made
