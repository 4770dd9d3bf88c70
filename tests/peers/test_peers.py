"""Peers work by turns and stand still in between; who fails has a row; ours are compared with the best of others."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.peers.contents import PARTS, Setting
from benchmarks.peers.environment import HERE, Environment, pins
from benchmarks.peers.peer import ROOT, Entry, Peer, PeerError, Repetition
from benchmarks.peers.table import markdown
from benchmarks.peers.turns import Row, by_turns


def entry(work: str, label: str = "a", /, **options: Any) -> Entry:
    return Entry(label, Path(sys.executable), f"tests.peers.stand_in:{work}", options)


def test_repetitions_alternate_after_all_have_warmed_up(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    entries = [entry("noted", name, name=name, notes=str(notes)) for name in "ab"]
    rows = by_turns(entries, repeats=3)
    assert notes.read_text().split() == ["a", "b", *"ababab"]
    assert [row.entry.name for row in rows] == ["a", "b"]
    assert [[turn.images for turn in row.turns] for row in rows] == [[3, 3, 3]] * 2
    assert all("numpy" in (row.versions or {}) and row.threads == "1 thread" for row in rows)


def test_a_peer_and_its_children_stand_still_while_it_is_not_their_turn(tmp_path: Path) -> None:
    with Peer(entry("restless", ticks=str(tmp_path / "ticks"))) as peer:
        peer.repeat()
        processes = [process for process in psutil.process_iter() if _group(process) == peer.group]
        assert len(processes) == 2
        for process in processes:
            _wait_for(process, psutil.STATUS_STOPPED)
    _, alive = psutil.wait_procs(processes, timeout=120)
    assert alive == []


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def _wait_for(process: psutil.Process, status: str) -> None:
    """The signal is on its way; without it this never ends."""
    while process.status() != status:
        assert process.is_running()


def test_who_fails_has_a_row_with_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    good = entry("noted", "good", name="good", notes=str(tmp_path / "notes"))
    missing = Entry("missing", tmp_path / "no/python", "tests.peers.stand_in:noted")
    rows = by_turns([missing, entry("absent"), entry("killed"), entry("breaks"), good], repeats=2)
    reasons = [row.failure for row in rows]
    assert reasons[0] == f"{tmp_path}/no/python cannot be started: No such file or directory"
    assert reasons[1] == "ModuleNotFoundError: No module named 'torch'"
    assert reasons[2] is not None
    assert reasons[2].startswith("ended by SIGKILL")
    assert reasons[3] == "in round 2: ValueError: the loss is not a number"
    assert reasons[4] is None
    assert len(rows[4].turns) == 2
    assert "| a | failed: ModuleNotFoundError: No module named 'torch' | | | |" in markdown("Steps", rows)


def test_a_bench_that_is_killed_leaves_no_peer(tmp_path: Path) -> None:
    program = (
        "import sys; from tests.peers.test_peers import entry; from benchmarks.peers.peer import Peer\n"
        f"peer = Peer(entry('restless', ticks={str(tmp_path / 'ticks')!r}))\n"
        "print(peer.group, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes) as bench:
        assert bench.stdout is not None
        group = int(bench.stdout.readline())
        left = [process for process in psutil.process_iter() if _group(process) == group]
        bench.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(left, timeout=120)
    assert len(gone) == 2
    assert alive == []


def row(name: str, seconds: float, ours: bool = False, precision: Any = "float32") -> Row:
    made = Entry(name, Path("python"), "a:b", {}, ours, precision)
    return Row(made, [Repetition(seconds, 8), Repetition(2 * seconds, 8), Repetition(3 * seconds, 8)], "2", {"x": "1"})


def test_the_table_has_median_range_and_wins_and_losses_alike() -> None:
    rows = [
        row("slow", 1.0),
        row("best", 0.5),
        row("half", 0.1, precision="bfloat16"),
        row("ours", 0.25, ours=True),
        row("ours, bf16", 0.2, ours=True, precision="bfloat16"),
    ]
    table = markdown("Steps", rows)
    assert "| best | 8.0 | 1,000.0 (500.0 to 1,500.0) | 2 | x 1 |" in table
    assert "- ours: 2.00 times the best of the others in float32 (best)" in table
    assert "- ours, bf16: 0.50 times the best of the others (half)" in table


def test_without_another_that_has_ended_nothing_is_compared() -> None:
    other = Row(row("other", 1.0).entry, failure="it | is absent")
    table = markdown("Steps", [other, row("ours", 1.0, ours=True)])
    assert "- ours: no other has ended" in table
    assert "| other | failed: it / is absent | | | |" in table


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_peers_and_ours_whose_works_exist(part: str, tmp_path: Path) -> None:
    setting = Setting(tmp_path, Path("ours"), Path("theirs"), batch=128, width=1.0)
    for entries in PARTS[part][0](setting).values():
        assert {made.ours for made in entries} == {True, False}
        assert len({made.name for made in entries}) == len(entries)
        for made in entries:
            module, _, function = made.work.partition(":")
            assert f"\ndef {function}(" in (ROOT / f"{module.replace('.', '/')}.py").read_text()
            json.dumps(dict(made.options))


def test_the_lock_pins_every_distribution_with_digests() -> None:
    locked = pins((HERE / "requirements.txt").read_text())
    names = {pin.partition("==")[0] for pin in locked}
    asked = [line.partition("==")[0] for line in (HERE / "requirements.in").read_text().splitlines()[1:]]
    assert set(asked) <= names
    assert all("==" in pin and "--hash=sha256:" in block for pin, block in locked.items())


@pytest.mark.slow
def test_what_cannot_be_installed_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(name, value)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"no-such-thing==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    environment = Environment(tmp_path / "env")
    environment.make(lock)
    assert environment.failures() == {
        "no-such-thing==1.0": "ERROR: No matching distribution found for no-such-thing==1.0"
    }
    (environment.folder / "old").touch()
    environment.make(lock)
    assert not (environment.folder / "old").exists()


@pytest.mark.slow
def test_the_networks_of_pytorch_and_ours_say_the_same(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is in the environment of `make bench-peers`")
    from benchmarks.peers.material import write_reference
    from benchmarks.peers.torch_network import NORMALIZATIONS, with_reference

    write_reference(tmp_path, 0.05, 10, onnx=False)
    for normalization in NORMALIZATIONS:
        with_reference(tmp_path / "reference.npz", normalization)


@pytest.mark.slow
def test_our_rows_run_small(tmp_path: Path) -> None:
    """The real works of ours on real material: a step on both backends, the stream, and training from it."""
    options = {
        "needs": ["photographs", "reference"],
        "photographs": None,
        "pictures": 4,
        "width": 0.05,
        "classes": 1000,
    }
    command = [sys.executable, "-m", "benchmarks.peers.material", str(tmp_path), json.dumps(options)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    setting = Setting(tmp_path, Path(sys.executable), tmp_path / "no/python", batch=2, width=0.05)
    parts = [PARTS[part][0](setting) for part in ("step", "loaders", "end-to-end")]
    found = [made for tables in parts for entries in tables.values() for made in entries if made.ours]
    few = [
        made
        for made in found
        if made.name in ("ours, float32", "ours, JAX", "ours, the store", "ours, the store; bf16")
    ]
    rows = by_turns(few, repeats=1)
    assert [row.failure for row in rows] == [None] * 4


def test_a_peer_that_is_not_ready_is_not_left_behind() -> None:
    with pytest.raises(PeerError, match="No module named 'torch'"):
        Peer(entry("absent"))
    assert [child for child in psutil.Process().children() if "stand_in" in " ".join(child.cmdline())] == []
