"""One output of the pipeline, made twice."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dvc.exceptions import DvcException

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.certificate.difference import difference
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.lock_file import digests, locked_stages
from alexnet_pipe.project.revisions import Revision

Kind = Literal["data", "training", "report"]


@dataclass(frozen=True)
class Artifact:
    """
    Attributes:
        path: As in `dvc.lock`.
        kind: What must repeat; what repeats on one machine with one backend; what may show how the run went.
        same: Whether it has the same bytes, or differs in nothing but the time that the work took.
        note: What differs.
    """

    path: str
    kind: Kind
    same: bool
    note: str


def compare_artifacts(before: Revision, digests_before: Mapping[str, str], copy: Checkout) -> list[Artifact]:
    """Each output of `before`, compared with what has been made in `copy`.

    Args:
        before: A commit; an output that differs is taken from DVC's cache or remote.
        digests_before: The digest of each of its outputs.
        copy: A clone of it in which the pipeline has run.
    """
    now = digests(locked_stages(copy))
    found = {
        path: (True, "same bytes") if now[path] == digest else _difference(before, copy.root, path)
        for path, digest in digests_before.items()
    }
    return [Artifact(path, kind_of(path), same, note) for path, (same, note) in found.items()]


def _difference(before: Revision, copy: Path, path: str) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory(dir=copy) as folder:
        earlier = Path(folder) / Path(path).name
        try:
            # By links, where DVC's cache has it.
            before.files.get(before.place(Path(path)), str(earlier), recursive=True)
        except (DvcException, OSError):
            return False, "the earlier one is not here to compare with: `dvc fetch` gets it"
        same, note = difference(earlier, copy / path)
    return same, f"{note}; it shows how long the run took" if path == str(Artifacts(Path()).report) else note


def kind_of(path: str) -> Kind:
    """The kind of the output at `path`."""
    if path.startswith(("data/", "statistics/")) or path == str(Artifacts(Path()).data_metrics):
        return "data"
    return "report" if path.startswith("report/") or path == str(Artifacts(Path()).card) else "training"
