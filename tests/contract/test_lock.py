"""Whatever `make setup` is asked for, uv.lock has a wheel of every package, on every platform that README names."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

from alexnet_pipe.base.fingerprint import file_digest

ROOT = Path(__file__).parents[2]
PYTHONS = ((3, 11), (3, 12), (3, 13))
COMBINATIONS = {
    "": (),
    "GPU=1": ("--no-group=cpu", "--group=gpu"),
    "JAX=1 GPU=1": ("--no-group=cpu", "--group=gpu", "--group=jax-gpu"),
    "a container": ("--no-group=dev", "--group=jax"),
}
# Published as sources alone, and Python alone: they are built where they are installed, without a compiler.
SOURCE_ONLY = {"antlr4-python3-runtime", "pyvips"}
SOURCE_ONLY_OF_TESTS = {"jsonpath-rw"}
# The oldest that the wheels are for: Debian 10, RHEL 8, Ubuntu 18.10; macOS 14.
GLIBC_MINOR = 28
MACOS = (14, 0)


def _manylinux(machine: str) -> list[str]:
    return [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC_MINOR, 4, -1)] + [
        f"manylinux{old}_{machine}" for old in ("2014", "2010", "1")
    ]


PLATFORMS = {
    ("linux", "x86_64"): _manylinux("x86_64"),
    ("linux", "aarch64"): _manylinux("aarch64"),
    ("darwin", "arm64"): list(mac_platforms(MACOS, "arm64")),
}


def _wheels() -> dict[tuple[str, str], set[Tag]]:
    """The tags of all wheels of each package and version in uv.lock."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {
        (package["name"], package["version"]): {
            tag
            for wheel in package.get("wheels", [])
            for tag in parse_wheel_filename(wheel["url"].rpartition("/")[2].replace("%2B", "+"))[3]
        }
        for package in packages
    }


def _asked_for(combination: str) -> list[Requirement]:
    """What uv would install for a combination, each with the marker that says where."""
    uv = Path(sys.executable).parent / "uv"
    plain = ("--no-hashes", "--no-emit-project", "--no-annotate", "--no-header")
    said = subprocess.run(
        [uv, "export", "--frozen", "--offline", "--quiet", *plain, *COMBINATIONS[combination]],
        cwd=ROOT,
        env={**os.environ, "UV_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    return [Requirement(line) for line in said.stdout.splitlines()]


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_the_lock_has_a_wheel_of_every_package_for_every_platform(combination: str) -> None:
    wheels, asked_for = _wheels(), _asked_for(combination)
    source_only = SOURCE_ONLY | (set() if "--no-group=dev" in COMBINATIONS[combination] else SOURCE_ONLY_OF_TESTS)
    for ((system, machine), platforms), python in product(PLATFORMS.items(), PYTHONS):
        number = ".".join(map(str, python))
        tags = {*cpython_tags(python, platforms=platforms), *compatible_tags(python, platforms=platforms)}
        where = {
            "sys_platform": system,
            "platform_machine": machine,
            "platform_system": system.title(),
            "python_version": number,
            "python_full_version": f"{number}.9",
        }
        wanted = {
            (asked.name, str(asked.specifier).removeprefix("=="))
            for asked in asked_for
            if not asked.marker or asked.marker.evaluate(where)
        }
        assert {name for name, _ in wanted} > {"keras", "numpy"}
        assert any(name.startswith("tensorflow") for name, _ in wanted)
        missing = {name for name, version in wanted if wheels[name, version].isdisjoint(tags)}
        assert missing == source_only, f"{system} {machine}, Python {number}"


@pytest.mark.parametrize(
    ("combination", "on_cards"),
    [("", set()), ("GPU=1", {"nvidia-cudnn-cu12"}), ("JAX=1 GPU=1", {"nvidia-cudnn-cu12", "jax-cuda12-plugin"})],
)
def test_what_computes_on_cards_is_installed_if_it_is_asked_for(combination: str, on_cards: set[str]) -> None:
    of_cards = {"nvidia-cudnn-cu12", "jax-cuda12-plugin"}
    assert {asked.name for asked in _asked_for(combination)} & of_cards == on_cards


def test_every_file_of_the_lock_has_its_digest() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    files = [
        file for package in packages for file in [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    ]
    assert len(files) > 1000
    assert [file["url"] for file in files if not re.fullmatch("sha256:[0-9a-f]{64}", file.get("hash", ""))] == []
    assert [package["name"] for package in packages if set(package["source"]) - {"registry"}] == ["alexnet-pipe"]


def test_a_package_with_another_digest_than_the_locks_is_not_installed(tmp_path: Path) -> None:
    place = tmp_path / "simple/plain"
    place.mkdir(parents=True)
    digest = _write_wheel(place / "plain-1.0-py3-none-any.whl", "right = True")
    link = '<a href="plain-1.0-py3-none-any.whl#sha256={}">plain-1.0-py3-none-any.whl</a>'
    (place / "index.html").write_text(link.format(digest))
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["plain"]\n'
        f'[[tool.uv.index]]\nurl = "{place.parent.as_uri()}"\ndefault = true\n'
    )
    assert _uv(tmp_path, "lock") == ""
    assert _uv(tmp_path, "sync", "--frozen") == ""
    # As an index would that has another file by the same name.
    digest = _write_wheel(place / "plain-1.0-py3-none-any.whl", "right = False")
    (place / "index.html").write_text(link.format(digest))
    shutil.rmtree(tmp_path / ".venv")
    shutil.rmtree(tmp_path / "cache")
    assert "Hash mismatch for `plain==1.0`" in _uv(tmp_path, "sync", "--frozen")
    assert not list((tmp_path / ".venv").glob("lib/*/site-packages/plain*"))


def _write_wheel(path: Path, content: str) -> str:
    """A package of one line; its SHA-256."""
    about = "plain-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("plain.py", content)
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: plain\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return file_digest(path)


def _uv(folder: Path, *arguments: str) -> str:
    """What it complains of; nothing if all went well."""
    done = subprocess.run(
        [Path(sys.executable).parent / "uv", "--quiet", "--offline", *arguments],
        cwd=folder,
        env={**os.environ, "UV_PYTHON": sys.executable, "UV_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""
