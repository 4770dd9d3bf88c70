"""The checks that keep the shape: stages, dependencies, parameters, presets, layers and start-up time agree."""

import ast
import inspect
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from alexnet_pipe.cli.stage import STAGES
from alexnet_pipe.params.load import Params, load_params
from alexnet_pipe.params.preset import preset_names, preset_params

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
GROUND = SOURCE / "alexnet_pipe/base"
"""Errors, progress, files: the one package that decides no pixel, no label and no weight, so it is in nobody's deps."""
PRESETS = ROOT / "conf/presets"
PIPELINE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
HEAVY = ("tensorflow", "keras", "pandas", "pyarrow", "prefect", "dvc", "matplotlib")


def module_file(name: str) -> Path | None:
    path = SOURCE / name.replace(".", "/")
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((candidate for candidate in candidates if candidate.exists()), None)


def imports(path: Path) -> set[Path]:
    """The project's files that `path` imports, also inside functions, without empty package files."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("alexnet_pipe"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("alexnet_pipe")]
        else:
            continue
        found |= {file for name in names if (file := module_file(name))}
    return found


def closure(stage: str) -> set[str]:
    """All files of the project that a stage's module needs, as `dvc.yaml` would name them."""
    found: set[Path] = set()
    waiting = [SOURCE / f"alexnet_pipe/stages/{stage}.py"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(imports(path))
    return {str(path.relative_to(ROOT)) for path in found if not is_plain_package(path) and GROUND not in path.parents}


def is_plain_package(path: Path) -> bool:
    """A package file with nothing but a docstring."""
    return path.name == "__init__.py" and all(isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body)


def test_stage_names_are_modules_in_pipeline_order() -> None:
    modules = {path.stem for path in (SOURCE / "alexnet_pipe/stages").glob("*.py")} - {"__init__"}
    assert tuple(PIPELINE) == STAGES
    assert set(PIPELINE) == modules


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_exactly_the_code_that_it_imports(stage: str) -> None:
    listed = [dep for dep in PIPELINE[stage]["deps"] if dep.startswith("src/")]
    needed = closure(stage)
    missing = {path for path in needed if not any(path == dep or path.startswith(f"{dep}/") for dep in listed)}
    needless = {dep for dep in listed if not any(path == dep or path.startswith(f"{dep}/") for path in needed)}
    assert not missing, f"add to the deps of {stage} in dvc.yaml: {sorted(missing)}"
    assert not needless, f"remove from the deps of {stage} in dvc.yaml: {sorted(needless)}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_parameters_are_the_sections_that_it_takes(stage: str) -> None:
    taken = list(inspect.signature(import_module(f"alexnet_pipe.stages.{stage}").run).parameters)
    assert taken[0] == "artifacts"
    assert PIPELINE[stage].get("params", []) == taken[1:]
    assert set(taken[1:]) <= set(Params.model_fields)


def test_no_stage_before_evaluate_can_tell_which_images_are_test_images_apart_from_making_them() -> None:
    readers = {stage for stage in STAGES if '"test"' in (SOURCE / f"alexnet_pipe/stages/{stage}.py").read_text()}
    assert readers <= {"evaluate", "report"}


@pytest.mark.parametrize("name", preset_names(PRESETS))
def test_every_preset_is_valid_and_opens_with_its_command(name: str) -> None:
    preset_params(PRESETS, name)
    assert f"alexnet-pipe preset {name}" in (PRESETS / f"{name}.yaml").read_text()


def test_the_committed_parameters_are_the_sample_preset() -> None:
    assert load_params(ROOT / "params.yaml") == preset_params(PRESETS, "sample")


def test_every_parameter_stands_in_params_yaml() -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert {name: set(section) for name, section in content.items()} == {
        name: set(section) for name, section in Params().model_dump().items()
    }


def test_the_paper_preset_is_the_default_of_the_code() -> None:
    assert preset_params(PRESETS, "paper") == Params()


def test_help_is_instant_and_loads_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "alexnet_pipe", "--help"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    modules = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in loaded.splitlines()}
    assert not modules & set(HEAVY)
    # Processor seconds: on a busy machine the clock says nothing about the program.
    assert min(processor_seconds([sys.executable, "-m", "alexnet_pipe", "--help"]) for _ in range(5)) < 0.7


def processor_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_flow_starts_without_tensorflow() -> None:
    code = "import sys, flows.pipeline; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]


def test_the_layers_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
