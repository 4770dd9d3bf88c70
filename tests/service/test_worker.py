"""Workers run the same deployments, from `prefect.yaml` as it is; the server keeps its state in PostgreSQL."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.service.postgresql import NoPostgresError, postgresql
from tests.service.services import Project, Service, project, until

pytestmark = pytest.mark.slow

STAGES = {"mean": {"cmd": "echo begun; pwd > where.txt; exec sleep 1000", "outs": ["mean.txt"]}}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a server, on PostgreSQL where there is one."""
    with ExitStack() as stack:
        database = {}
        try:
            database = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": stack.enter_context(postgresql()).address}
        except NoPostgresError as reason:
            print(reason)
        made = stack.enter_context(project(tmp_path_factory.mktemp("worker"), STAGES))
        made.start_server(**database)
        yield made


def prefect(house: Project, *command: str) -> Service:
    """Prefect's own command, as a user has it who has set nothing but the server's address."""
    return house.start(
        "-m",
        "prefect",
        "--no-prompt",
        *command,
        **house.access,
        PREFECT_HOME=str(house.folder / "home"),
        DO_NOT_TRACK="1",
        PREFECT_WORKER_QUERY_SECONDS="2",
    )


def test_the_server_keeps_its_state_in_postgresql(house: Project) -> None:
    if "(PostgreSQL)" not in house.printed():
        pytest.skip("PostgreSQL could not be started; the set-up says why")
    assert house.api("/health") is True
    assert not (house.folder / ".prefect/prefect.db").exists()


def test_a_plain_worker_runs_and_cancels(house: Project) -> None:
    prefect(house, "worker", "start", "--pool", "alexnet-pipe", "--type", "process", "--limit", "1")
    until(lambda: house.api("/work_pools/filter", {}), house.printed)
    deployed = prefect(house, "deploy", "--all")
    assert deployed.process.wait() == 0, deployed.printed()

    where = house.folder / "where.txt"
    run = house.ask_for_a_run()
    until(where.exists, house.printed)
    assert where.read_text().strip() == str(house.folder)
    (flow,) = house.processes("prefect.engine")
    assert flow.cmdline()[0] == sys.executable
    assert flow.environ()["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    house.api(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    house.reaches(run, "Cancelled")
    until(lambda: not house.processes("sleep 1000"), house.processes)
