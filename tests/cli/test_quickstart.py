"""The notebook in examples/ runs from its first cell to its last."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.newcomer import newcomer

NOTEBOOK = Path(__file__).parents[2] / "examples/quickstart.ipynb"

PROGRAM = """
import json, sys

for cell in json.load(open(sys.argv[1])):
    exec(compile(cell, "cell", "exec"))
print("answers:", list(answers["outcome"]), list(new_answers["class1"].isin(["pattern", "shape"])), kernels.size)
"""


@pytest.mark.slow
def test_the_quickstart_runs(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells)
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    short = [cell.replace("EPOCHS = 12", "EPOCHS = 1") for cell in code]
    assert short != code
    (tmp_path / "cells.json").write_text(json.dumps(short))
    (tmp_path / "program.py").write_text(PROGRAM)
    run = newcomer(tmp_path, PYTHONPATH=os.pathsep.join([str(NOTEBOOK.parents[1] / "src")]))
    printed = run(tmp_path, "python", "program.py", "cells.json")
    *_, last = printed.splitlines()
    assert last.startswith(f"answers: {['predicted'] * 7} {[True] * 7} ("), printed
    assert (tmp_path / "quickstart/report/index.html").exists()
