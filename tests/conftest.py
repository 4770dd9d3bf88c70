"""Set-up that every test shares."""

import os
import sys
from collections.abc import Iterator

import pytest
from absl import logging

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Prefect closes the handlers of all others when it sets up its own, and absl's closes pytest's captured stream with it.
logging.get_absl_handler().python_handler.stream = sys.__stderr__


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that none of them is left alone at the end; then those that wait for servers."""
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, "/orchestration/" in item.nodeid))


@pytest.fixture(scope="session")
def _cluster_address() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(
        2, processes=False, threads_per_worker=1, dashboard_address="127.0.0.1:0", protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def shared_cluster(_cluster_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are there already, as threads: stages then start in no time."""
    monkeypatch.setenv("ALEXNET_PIPE_DASK", _cluster_address)
