"""`make bench-gpu` keeps its time, tells what it left out, and works on what JAX finds, a processor too."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.gpu import markdown, rows_of
from benchmarks.gpu_profile import layer_of

ROOT = Path(__file__).parents[2]


def test_the_table_has_shares_of_the_matmul_and_of_the_data_sheet_and_joules() -> None:
    rows = [
        {"work": "card", "engine": "JAX", "name": "NVIDIA H100 80GB HBM3", "by": "JAX 1"},
        {"work": "matmul", "engine": "JAX", "precision": "bf16", "operations": [8e14], "watts": None},
        {
            "work": "step",
            "engine": "JAX",
            "precision": "bf16",
            "batch": 128,
            "images": [900.0, 1000.0, 1100.0],
            "operations": [4e14],
            "watts": 500.0,
        },
        {"work": "step", "engine": "JAX", "precision": "bf16", "batch": 256, "left_out": "no time was left"},
    ]
    rows.append({"work": "profile", "precision": "bf16", "batch": 128, "layers": {"fc6": 3.0, "conv1": 1.0}})
    said, _, _, _, matmul, step, left_out, _, heading, _, first, second = markdown(rows)
    assert said == "JAX 1 on NVIDIA H100 80GB HBM3"
    assert matmul == "| matmul | JAX | bf16 |  |  | 800 |  | 81% |  |"
    assert step == "| step | JAX | bf16 | 128 | 1,000 (900 to 1,100) | 400 | 50% | 40% | 0.500 |"
    assert left_out == "| step | JAX | bf16 | 256 | left out: no time was left |  |  |  |  |"

    assert heading == "| bf16, batch 128, by layer | ms of a step | share |"
    assert (first, second) == ("| fc6 | 3.00 | 75% |", "| conv1 | 1.00 | 25% |")


def test_an_operation_belongs_to_the_layer_that_it_comes_from() -> None:
    assert layer_of("jit(_step)/transpose(jvp(alexnet))/conv2/split") == "conv2"
    assert layer_of("jit(_step)/jvp(alexnet)/drop7/jit(_bernoulli)/while/body/add") == "drop7"
    assert layer_of("jit(_step)/jvp(preprocessing)/jit(_take)/le") == "pixels"
    assert layer_of("jit(_step)/paper_sgd/mul") == "update"
    assert layer_of("reduce_sum") == "the rest"


def test_a_part_ends_when_its_time_is_over(tmp_path: Path) -> None:
    options = Namespace(to=tmp_path, small=True, photographs=None)
    assert rows_of("bf16", 0.01, options) == [{"work": "bf16", "left_out": "ended: its time was over"}]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_small_form_measures_everything_that_jax_is_asked_for(tmp_path: Path) -> None:
    told = ["--part", "bf16", "--rows", tmp_path / "rows", "--budget", "100000", "--small"]
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "benchmarks.gpu", *map(str, told)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    card, *rows = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
    assert card["name"] == "cpu"
    assert [row.get("left_out") for row in rows] == [None] * 5
    matmul, step, profile, held, streamed = rows
    assert {"conv1", "fc6", "norm1", "pixels", "update"} <= profile["layers"].keys()
    assert all(time >= 0 for time in profile["layers"].values())
    assert matmul["operations"]
    assert all(rate > 0 for row in (step, held, streamed) for rate in row["images"])
