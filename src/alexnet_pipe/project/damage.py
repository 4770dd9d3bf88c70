"""Which data files have other bytes than `dvc.lock` says: DVC itself looks at sizes and times only."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alexnet_pipe.base.paths import defined_stages, way_back
from alexnet_pipe.project.checkout import Checkout, locked_stages


@dataclass(frozen=True)
class DataFile:
    """
    Attributes:
        stage: What makes it.
        path: Where it lies in the project.
        cached: Where DVC keeps it, by its content.
        md5: Of its content, hexadecimal.
    """

    stage: str
    path: Path
    cached: Path
    md5: str

    def damage(self) -> str | None:
        """What is wrong with it and how it is mended, in one line; nothing if no bit is."""
        if md5_of(self.cached) != self.md5:
            return (
                f"{self.path} is damaged in DVC's cache: `rm -f {self.cached} {self.path}`, then `dvc fetch` and "
                f"`dvc checkout` where there is a remote, or else `dvc repro --force --single-item {self.stage}`"
            )
        linked = not self.path.exists() or self.path.samefile(self.cached)
        if not linked and md5_of(self.path) != self.md5:
            return (
                f"{self.path} has other bytes than dvc.lock says: `rm -f {self.path}`, then `dvc checkout {self.path}`"
            )
        return None


def data_files(checkout: Checkout) -> Iterator[DataFile]:
    """The outputs in `dvc.lock` that are in DVC's cache, those of a folder one by one."""
    from dvc.repo import Repo

    with Repo(str(checkout.root)) as repo:
        cached = repo.cache.local.oid_to_path
        for stage, locked in locked_stages(checkout).items():
            for output in locked.get("outs", []):
                for path, md5 in _files(checkout.root / output["path"], output["md5"], Path(cached(output["md5"]))):
                    if (kept := Path(cached(md5))).exists():
                        yield DataFile(stage, path, kept, md5)


def changed_input(checkout: Checkout, stage: str) -> str | None:
    """The first input of `stage` that is not as its own stage has left it, and the way back; nothing if none is."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    inputs = defined_stages(checkout.root).get(stage, {}).get("deps", [])
    try:
        with Repo(str(checkout.root)) as repo:
            status = repo.status()
    except DvcException:
        return None
    for name, found in status.items():
        changes = [entry.get("changed outs", {}) for entry in found if isinstance(entry, dict)]
        if changed := [path for outputs in changes for path in outputs if path in inputs]:
            maker = name.rpartition(":")[2]
            return f"{changed[0]} is not as stage {maker} has left it: {way_back(Path(changed[0]))}"
    return None


def _files(path: Path, md5: str, cached: Path) -> Iterator[tuple[Path, str]]:
    if not md5.endswith(".dir"):
        yield path, md5
    elif cached.exists():
        for entry in json.loads(cached.read_text(encoding="utf-8")):
            yield path / entry["relpath"], entry["md5"]


def md5_of(path: Path) -> str:
    """Of the content of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
