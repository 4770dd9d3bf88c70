"""Unfinished work is kept under the code that decides it, which is what `dvc.yaml` lists, and nothing else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import code_digest, fingerprint
from alexnet_pipe.cli.stage import STAGES
from tests.contract.test_pipeline import GROUND, ROOT, closure


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code and of `dvc.yaml`."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dvc.yaml", folder)
    return folder


@contextmanager
def changed(path: Path) -> Iterator[None]:
    """The same file with a comment more, in this block alone."""
    before = path.read_bytes()
    path.write_bytes(before + b"# touched\n")
    yield
    path.write_bytes(before)


@pytest.mark.parametrize("stage", STAGES)
def test_a_change_in_any_file_that_a_stage_imports_makes_its_unfinished_work_that_of_other_code(
    project: Path, stage: str
) -> None:
    before = fingerprint(project, stage, {})
    for name in sorted(closure(stage)):
        with changed(project / name):
            assert fingerprint(project, stage, {}) != before, name
    assert fingerprint(project, stage, {}) == before


@pytest.mark.parametrize("stage", STAGES)
def test_a_change_in_the_ground_keeps_the_unfinished_work(project: Path, stage: str) -> None:
    before = fingerprint(project, stage, {})
    for path in GROUND.glob("*.py"):
        with changed(project / path.relative_to(ROOT)):
            assert fingerprint(project, stage, {}) == before, path


def test_what_is_no_code_of_the_stage_does_not_matter(project: Path) -> None:
    before = fingerprint(project, "mean", {})
    with changed(project / "src/alexnet_pipe/stages/train.py"):
        assert fingerprint(project, "mean", {}) == before
    cache = project / "src/alexnet_pipe/store/__pycache__/image_store.cpython-313.pyc"
    cache.parent.mkdir()
    cache.write_bytes(b"compiled")
    assert fingerprint(project, "mean", {}) == before


def small(folder: Path, *deps: str) -> Path:
    """A project of three files and one stage with `deps`."""
    for name in ("a", "b", "c"):
        path = folder / f"src/{name}/module.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first = 1\n{name} = 2\n")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"one": {"deps": ["data/x", *deps]}}}))
    return folder


def test_how_the_code_is_listed_and_where_it_lies_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fingerprint(small(tmp_path / "first", "src/a", "src/b/module.py"), "one", {})
    second = small(tmp_path / "second", "src/b", "src/a/module.py", "src/a")
    assert fingerprint(second, "one", {}) == first
    (second / "src/a/module.py").write_bytes(b"first = 1\r\na = 2\r\n")
    assert fingerprint(second, "one", {}) == first
    monkeypatch.chdir(second)
    assert fingerprint(Path(), "one", {}) == first
    assert fingerprint(small(tmp_path / "third", "src/a", "src/c"), "one", {}) != first


def test_parameters_and_data_matter(tmp_path: Path) -> None:
    project, data = small(tmp_path, "src/a"), tmp_path / "index"
    data.write_text("1")
    first = fingerprint(project, "one", {"rate": 0.1}, [data])
    assert fingerprint(project, "one", {"rate": 0.1}, [data]) == first
    assert fingerprint(project, "one", {"rate": 0.2}, [data]) != first
    data.write_text("2")
    assert fingerprint(project, "one", {"rate": 0.1}, [data]) != first


def test_outside_of_a_project_all_code_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, digest = fingerprint(tmp_path, "mean", {}), code_digest()
    copy = tmp_path / "alexnet_pipe"
    shutil.copytree(ROOT / "src/alexnet_pipe", copy)
    monkeypatch.setattr("alexnet_pipe.base.fingerprint.PACKAGE", copy)
    assert fingerprint(tmp_path, "mean", {}) == before
    with changed(copy / "cli/__init__.py"):
        assert fingerprint(tmp_path, "mean", {}) != before
        assert code_digest() != digest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("stages: [", r"the deps of stage one cannot be read \(ParserError\)"),
        ("stages: {}", r"the deps of stage one cannot be read \(KeyError\)"),
        ("stages: {one: {deps: [src/gone.py]}}", r"stage one depends on .*src/gone.py, which is not there"),
    ],
)
def test_a_pipeline_that_cannot_say_its_code_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "dvc.yaml").write_text(content)
    with pytest.raises(UserError, match=rf"{tmp_path}/dvc.yaml: {said}"):
        fingerprint(tmp_path, "one", {})
