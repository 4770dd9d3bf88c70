"""Checkpoints come back as they were; damage is noticed; a full disk costs nothing that was kept."""

import errno
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from alexnet_pipe.training.checkpoints import Checkpoints

TENSORS = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "seed": np.array([7, 2**40], np.int64),
    "rate": np.array(0.01, np.float32),
}
STATE = {"step": 3, "best": float("inf"), "name": "Straße"}


def saved(folder: Path, steps: int) -> Checkpoints:
    checkpoints = Checkpoints(folder)
    for step in range(steps):
        checkpoints.save(step, {**TENSORS, "step": np.array(step)}, {**STATE, "step": step})
    return checkpoints


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def step_of(checkpoints: Checkpoints) -> int:
    loaded = checkpoints.load()
    assert loaded is not None
    step: int = loaded[1]["step"]
    return step


def test_nothing_kept_is_nothing_loaded(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none").load() is None


def test_tensors_and_state_come_back_as_they_were(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(3, {**TENSORS, "transposed": TENSORS["weights"].T}, STATE)
    loaded = checkpoints.load()
    assert loaded is not None
    tensors, state = loaded
    assert state == STATE
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        np.testing.assert_array_equal(tensors[name], tensor)
    np.testing.assert_array_equal(tensors["transposed"], TENSORS["weights"].T)


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, 5)
    assert [path.name[:13] for path in files(tmp_path)] == ["step-00000003", "step-00000004"]


@pytest.mark.parametrize("damage", ["one bit", "cut short", "empty"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = saved(tmp_path, 2)
    last = files(tmp_path)[-1]
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes({"one bit": content, "cut short": content[:-9], "empty": b""}[damage])
    assert step_of(checkpoints) == 0
    assert f"{last} is damaged" in capsys.readouterr().out
    assert len(files(tmp_path)) == 1


def test_what_a_killed_process_left_aside_is_no_checkpoint(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1)
    (tmp_path / ".partial").write_bytes(b"half")
    assert step_of(checkpoints) == 0
    checkpoints.save(1, TENSORS, STATE)
    assert not (tmp_path / ".partial").exists()


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = saved(tmp_path, 1)

    def full(*_: object, **__: object) -> None:  # What a full file system makes safetensors say.
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("alexnet_pipe.training.checkpoints.save_file", full)
    with pytest.raises(OSError, match="No space left") as full:
        checkpoints.save(1, TENSORS, STATE)
    assert full.value.errno == errno.ENOSPC
    assert step_of(checkpoints) == 0
