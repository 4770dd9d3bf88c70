"""DVC's stages as Prefect will see them: in order, with outcome, lines and reason; on a real DVC repository."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.dvc import DvcError, Outcome, reproduce, stage_graph, with_upstream
from tests.patience import HANGS
from tests.repositories import make_repository

# Most of what they would do is to start DVC.
pytestmark = pytest.mark.usefixtures("as_quick_python")

STAGES = {
    "first": {"cmd": "echo working; cat in.txt > first.txt", "deps": ["in.txt"], "outs": ["first.txt"]},
    "left": {"cmd": "cat first.txt > left.txt", "deps": ["first.txt"], "outs": ["left.txt"]},
    "right": {"cmd": "cat first.txt > right.txt", "deps": ["first.txt"], "outs": ["right.txt"]},
    "last": {
        "cmd": "echo 'alexnet-pipe: the disk is on fire' >&2; test -e allowed && touch last.txt",
        "deps": ["left.txt", "right.txt"],
        "outs": ["last.txt"],
    },
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("1")
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}, sort_keys=False))
    make_repository(tmp_path)
    return tmp_path


def test_the_graph_is_dvcs_in_an_order_that_can_be_run(repository: Path) -> None:
    graph = stage_graph(repository)
    assert list(graph) == ["first", "left", "right", "last"]
    assert graph["last"] == {"left", "right"}
    assert graph["first"] == frozenset()
    assert list(with_upstream(graph, ["right"])) == ["first", "right"]


def test_a_stage_runs_then_is_unchanged_then_comes_from_the_run_cache(repository: Path) -> None:
    lines: list[str] = []
    assert reproduce(Checkout(repository), "first", lines.append) is Outcome.RAN
    assert lines == ["working"]
    lines.clear()
    assert reproduce(Checkout(repository), "first", lines.append) is Outcome.UNCHANGED
    (repository / "in.txt").write_text("2")
    assert reproduce(Checkout(repository), "first", lines.append) is Outcome.RAN
    (repository / "in.txt").write_text("1")
    lines.clear()
    assert reproduce(Checkout(repository), "first", lines.append) is Outcome.CACHED
    assert (repository / "first.txt").read_text() == "1"
    assert lines == []


def test_force_runs_an_unchanged_stage(repository: Path) -> None:
    reproduce(Checkout(repository), "first", print)
    assert reproduce(Checkout(repository), "first", print, force=True) is Outcome.RAN


def test_a_failed_stage_gives_its_own_reason(repository: Path) -> None:
    for stage in ("first", "left", "right"):
        reproduce(Checkout(repository), stage, print)
    with pytest.raises(DvcError, match=r"^the disk is on fire$"):
        reproduce(Checkout(repository), "last", print)
    (repository / "allowed").touch()
    assert reproduce(Checkout(repository), "last", print) is Outcome.RAN


def test_stages_that_do_not_depend_on_each_other_can_run_at_the_same_time(repository: Path) -> None:
    # Each waits until the other has begun, so both finish only if they overlap.
    waits = "touch {0}.began; until test -e {1}.began; do sleep 0.1; done; touch {0}.txt"
    stages = {name: {"cmd": waits.format(name, other), "outs": [f"{name}.txt"]} for name, other in ("ab", "ba")}
    (repository / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    code = (
        "import sys; from pathlib import Path; from alexnet_pipe.project.checkout import Checkout; "
        "from alexnet_pipe.project.dvc import reproduce; reproduce(Checkout(Path()), sys.argv[1], print)"
    )
    with (
        subprocess.Popen([sys.executable, "-c", code, "a"], cwd=repository) as one,
        subprocess.Popen([sys.executable, "-c", code, "b"], cwd=repository) as other,
    ):
        assert [process.wait(HANGS) for process in (one, other)] == [0, 0]
