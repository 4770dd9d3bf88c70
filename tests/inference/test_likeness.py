"""The service tells when what it is asked is no longer like the training, once, and when it is again."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inference.likeness import Watch, require_log
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.portable.training_summary import Summary
from alexnet_pipe.statistics.arrivals import WINDOW, of_pixels, summarised

BATCH = 50


class Network:
    """That of a model's file; what it answers the tests make up."""

    classes = ("a", "b")
    resize = {"policy": "crop", "background": "white"}  # noqa: RUF012
    temperatures = (1.0, 1.0)

    def __init__(self, summary: Summary | None, digest: str = "ab" * 32) -> None:
        self.summary, self.weights_digest = summary, digest


def images(draws: np.random.Generator, count: int, brighter: int = 0) -> NDArray[np.uint8]:
    levels = draws.integers(60, 150, (count, 1, 1, 1)) + brighter
    return np.broadcast_to(levels, (count, 256, 256, 3)).astype(np.uint8)


def said(draws: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    share = draws.uniform(0.1, 0.9, count)
    return draws.uniform(0, 1, (count, 20)), np.stack([share, 1 - share], axis=1)


@pytest.fixture
def network() -> Network:
    draws = np.random.default_rng(0)
    pixels = {**of_pixels(images(draws, 300)), "short_side": draws.integers(300, 600, 300).astype(float)}
    return Network(summarised(pixels, *said(draws, 300)))


def ask(watch: Watch, network: Network, windows: int, brighter: int = 0, seed: int = 1) -> None:
    draws = np.random.default_rng(seed)
    for _ in range(windows * WINDOW // BATCH):
        features, shares = said(draws, BATCH)
        views = np.repeat(shares[None], 10, axis=0)
        watch.note(network, images(draws, BATCH, brighter), draws.integers(300, 600, BATCH).tolist(), views, features)


def measured(measures: Measures, name: str) -> float:
    (line,) = [line for line in measures.page().body.decode().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def test_drift_is_told_once_and_its_end_too(
    network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measures, log = Measures(), tmp_path / "drift.jsonl"
    watch = Watch(measures, log)
    ask(watch, network, 2)
    assert capsys.readouterr().out == ""
    assert measured(measures, "alexnet_drift_unlike") == 0
    ask(watch, network, 3, brighter=40)
    output = capsys.readouterr().out.splitlines()
    assert len(output) == 1
    assert "the last 200 photographs are unlike the training's in brightness (1" in output[0]
    assert measured(measures, "alexnet_drift_unlike") == 1
    assert measured(measures, 'alexnet_drift_distance{quantity="brightness"}') > 0.3
    ask(watch, network, 1, seed=2)
    assert "are like the training's" in capsys.readouterr().out
    assert measured(measures, 'alexnet_drift_windows_total{outcome="unlike"}') == 3
    assert measured(measures, 'alexnet_drift_windows_total{outcome="like"}') == 3
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["unlike"] for line in lines] == [[], [], *[["brightness"]] * 3, []]
    assert (lines[0]["model"], lines[0]["photographs"]) == ("ab" * 6, WINDOW)


def test_another_model_begins_another_window(network: Network) -> None:
    measures, other = Measures(), Network(network.summary, "cd" * 32)
    watch = Watch(measures)
    ask(watch, network, 1)
    for brighter, asked in ((0, network), (90, other)):
        draws = np.random.default_rng(3)
        features, shares = said(draws, BATCH)
        views = np.repeat(shares[None], 10, axis=0)
        watch.note(asked, images(draws, BATCH, brighter), [400.0] * BATCH, views, features)
    ask(watch, network, 1)
    assert measured(measures, 'alexnet_drift_windows_total{outcome="like"}') == 2


def test_a_model_without_a_summary_is_asked_and_nothing_is_compared() -> None:
    measures = Measures()
    ask(Watch(measures), Network(None), 2)
    assert "alexnet_drift_windows_total{" not in measures.page().body.decode()


def test_a_log_that_cannot_be_written_is_said_before_and_once_meanwhile(
    network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match=r"--drift-log .* cannot be written: Is a directory: name another file"):
        require_log(tmp_path)
    watch = Watch(Measures(), tmp_path / "gone" / "drift.jsonl")
    ask(watch, network, 2)
    assert capsys.readouterr().out.count("cannot be written") == 1
    os.mkdir(tmp_path / "gone")  # noqa: PTH102
    ask(watch, network, 1)
    assert len((tmp_path / "gone/drift.jsonl").read_text().splitlines()) == 1
