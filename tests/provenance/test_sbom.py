"""The list of components has CycloneDX's form, and says of each package of the lock which bytes are installed."""

import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.provenance.sbom import LOCK_DIGEST, save_sbom

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What uv reads of a project."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "uv.lock", "README.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def listed(project: Path, cards: bool = False) -> dict[str, Any]:
    count = save_sbom(Checkout(project), project / "sbom.json", cards)
    content = json.loads((project / "sbom.json").read_text())
    assert len(content["components"]) == count
    return content


def complaint(content: dict[str, Any]) -> object:
    """By CycloneDX's own schema, which takes 10 ms for each address: so one file of each component."""
    components = [
        component | {"externalReferences": component["externalReferences"][:1]} for component in content["components"]
    ]
    return JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(content | {"components": components}))


def test_it_is_what_cyclonedx_publishes(project: Path) -> None:
    content = listed(project)
    assert complaint(content) is None
    assert complaint({**content, "components": content["components"][:2], "dependencies": [], "packages": []})


def test_packages_have_the_versions_and_digests_of_the_lock_and_tests_are_left_out(project: Path) -> None:
    content = listed(project)
    locked = {package["name"]: package for package in tomllib.loads((project / "uv.lock").read_text())["package"]}
    components = {component["name"]: component for component in content["components"]}
    assert {"keras", "numpy", "dvc", "onnxruntime", "tensorflow-cpu", "model-signing"} < components.keys()
    assert not {"pytest", "mypy", "mlcroissant", "nvidia-cudnn-cu12"} & components.keys()
    for name, component in components.items():
        assert component["purl"].startswith(f"pkg:pypi/{name}@{component['version']}")
        files = [*locked[name].get("wheels", []), *filter(None, [locked[name].get("sdist")])]
        digests = {each["hash"].removeprefix("sha256:") for each in files}
        assert {part["hashes"][0]["content"] for part in component["externalReferences"]} == digests, name
    needed = next(each["dependsOn"] for each in content["dependencies"] if each["ref"].startswith("keras-"))
    assert any(name.startswith("h5py-") for name in needed)


def test_equal_locks_make_equal_bytes_and_another_lock_another_number(project: Path, tmp_path: Path) -> None:
    first = listed(project)
    assert listed(project) == first
    properties = {each["name"]: each["value"] for each in first["metadata"]["component"]["properties"]}
    assert properties[LOCK_DIGEST] == file_digest(project / "uv.lock")
    shutil.copytree(project, tmp_path / "other")
    with (tmp_path / "other/uv.lock").open("a") as lock:
        lock.write("\n")
    assert listed(tmp_path / "other")["serialNumber"] != first["serialNumber"]


def test_with_cards_their_packages_take_the_place_of_the_processors(project: Path) -> None:
    names = {component["name"] for component in listed(project, cards=True)["components"]}
    assert {"nvidia-cudnn-cu12", "jax-cuda12-plugin", "tensorflow"} < names


def test_what_is_missing_is_told(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"uv\.lock is missing: run from the project's top folder"):
        save_sbom(Checkout(tmp_path), tmp_path / "sbom.json")
    (tmp_path / "uv.lock").write_text("version = 1\n[[[")
    (tmp_path / "pyproject.toml").write_text("")
    with pytest.raises(UserError, match="`uv export` failed: "):
        save_sbom(Checkout(tmp_path), tmp_path / "sbom.json")
    monkeypatch.setattr("alexnet_pipe.project.checkout.sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(UserError, match=r"there is no `uv`, which reads uv\.lock: `make setup` installs it"):
        save_sbom(Checkout(project), tmp_path / "sbom.json")
    assert not (tmp_path / "sbom.json").exists()
