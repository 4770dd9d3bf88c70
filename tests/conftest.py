"""Set-up that every test shares."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from absl import logging

from alexnet_pipe.cluster import connect
from tests.clusters import cluster
from tests.patience import HANGS
from tests.warm import warm_python

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Containers often set it. Programs that tests start, copies of the project above all, would compile it at every start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A cluster that is there is waited for, however busy the machine.
connect.PATIENCE = HANGS
# Prefect closes the handlers of all others when it sets up its own, and absl's closes pytest's captured stream with it.
logging.get_absl_handler().python_handler.stream = sys.__stderr__


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that none of them is left alone at the end: above all whole runs of the pipeline."""
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, "/pipeline/" not in item.nodeid))


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
    with warm_python(tmp_path_factory.mktemp("warm")) as program:
        yield program
