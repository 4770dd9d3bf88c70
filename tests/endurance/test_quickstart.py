"""The notebook in examples/ runs from its first cell to its last, with few epochs; takes a minute and a half."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.newcomer import newcomer

pytestmark = [pytest.mark.slow, pytest.mark.long]

NOTEBOOK = Path(__file__).parents[2] / "examples/quickstart.ipynb"

PROGRAM = """
import json, sys

for cell in json.load(open(sys.argv[1])):
    exec(compile(cell, "cell", "exec"))
print("answers:", list(answers["outcome"]), list(new_answers["class1"].isin(["pattern", "shape"])), kernels.size)
"""


def test_the_quickstart_runs(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells)
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    quick = (("EPOCHS = 12", "EPOCHS = 1"), ('"preset", "sample"', '"preset", "sample", "model.width=0.05"'))
    assert all(sum(usual in cell for cell in code) for usual, _ in quick)
    short = [cell.replace(*quick[0]).replace(*quick[1]) for cell in code]
    (tmp_path / "cells.json").write_text(json.dumps(short))
    (tmp_path / "program.py").write_text(PROGRAM)
    run = newcomer(tmp_path, PYTHONPATH=os.pathsep.join([str(NOTEBOOK.parents[1] / "src")]))
    printed = run(tmp_path, "python", "program.py", "cells.json")
    *_, last = printed.splitlines()
    assert last.startswith(f"answers: {['predicted'] * 6} {[True] * 6} ("), printed
    assert (tmp_path / "quickstart/report/index.html").exists()
