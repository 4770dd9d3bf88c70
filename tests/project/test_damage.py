"""A bit that flipped in the workspace or in DVC's cache is found, and the advice mends it; on a real DVC repository."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.cli.stage import damage_told
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.damage import data_files

CONFIG = Path(__file__).parents[2] / ".dvc/config"
STAGE = {
    "cmd": "mkdir images && echo shard | tee images/a.npy > images/b.npy && echo pca > pca.json && echo 1 > m",
    "outs": ["images", "pca.json"],
    "metrics": [{"m": {"cache": False}}],
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"resize": STAGE}}))
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, *dvc("init", "-q"))
    shutil.copy(CONFIG, tmp_path / ".dvc/config")
    run(tmp_path, *dvc("repro", "-q"))
    return tmp_path


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def dvc(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "dvc", *arguments)


def flip_a_bit(path: Path) -> None:
    """As a disk does: neither size nor time of the file changes."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[0] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def damages(repository: Path) -> list[str]:
    return [damage for file in data_files(Checkout(repository)) if (damage := file.damage())]


def advice(damage: str) -> list[str]:
    return re.findall("`(.*?)`", damage)


def test_a_flipped_bit_is_found_and_the_advice_mends_it(repository: Path) -> None:
    assert damages(repository) == []
    folder, single = repository / "images/a.npy", repository / "pca.json"
    # The workspace links into the cache, so that the data lies on the disk once, and a flipped bit is in both.
    assert folder.stat().st_nlink == 3  # Two of the same content.
    assert single.stat().st_nlink == 2
    flip_a_bit(single)
    (damage,) = damages(repository)
    assert f"{single} is damaged in DVC's cache" in damage
    removing, *_, again = advice(damage)
    run(repository, "sh", "-c", removing)
    run(repository, *dvc(*again.split()[1:]))
    assert damages(repository) == []
    assert single.read_text() == "pca\n"


def test_a_copy_in_the_workspace_comes_back_from_the_cache(repository: Path) -> None:
    path = repository / "images/b.npy"
    path.unlink()
    path.write_text("other\n")
    (damage,) = damages(repository)
    assert f"{path} has other bytes than dvc.lock says" in damage
    removing, checkout = advice(damage)
    run(repository, "sh", "-c", removing)
    run(repository, *dvc(*checkout.split()[1:]))
    assert damages(repository) == []
    (repository / "images").rename(repository / "elsewhere")
    assert damages(repository) == []


def test_what_a_stage_cannot_read_is_named_with_the_stage_that_makes_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    train = {"cmd": "true", "deps": ["images", "pca.json"]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"resize": STAGE, "train": train}}))
    with pytest.raises(KeyError), damage_told("train"):
        raise KeyError("a fault of the stage itself")
    Path("pca.json").unlink()
    Path("pca.json").write_text("other")
    told = r"^pca\.json is not as stage resize has left it: remove pca\.json, then `dvc repro resize` makes it again"
    with pytest.raises(UserError, match=told + r" \(KeyError: 'eigenvalues'\)$"), damage_told("train"):
        raise KeyError("eigenvalues")
    with pytest.raises(OSError, match="No space left"), damage_told("train"):
        raise OSError(errno.ENOSPC, "No space left")
