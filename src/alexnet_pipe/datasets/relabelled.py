"""Labels that a person has put right: a file that git tracks, by the photographs' bytes, over what the source says."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.terminal import defused, original, printable

COLUMNS = ["sha256", "label", "was", "image"]
"""Of the file: the photograph's bytes; its class, empty if it is not used; for people, what the source calls it."""

RELABELLED, DROPPED = "relabelled", "dropped"
"""Why a finding is made."""


_SHA256 = re.compile("[0-9a-f]{64}")


class Override(NamedTuple):
    """
    Attributes:
        label: The name of the class that the photograph has; empty if it is not used.
        was: The class that the source gives it.
        image: What the source calls it.
    """

    label: str
    was: str
    image: str


def load_overrides(path: Path) -> dict[str, Override]:
    """By the SHA-256 of a photograph, what a person has said of it.

    Raises:
        UserError: if the file is not as `save_overrides` writes it.
    """
    found: dict[str, Override] = {}
    if not path.exists():  # Outside of a project; in one, stage `settings` and DVC miss it.
        return found
    try:
        reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True)
        lines = [(reader.line_num, line) for line in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, 1, str(error)) from None
    if not lines or lines[0][1] != COLUMNS:
        raise _damaged(path, 1, f"{','.join(COLUMNS)} is expected")
    for number, line in lines[1:]:
        if len(line) != len(COLUMNS) or not _SHA256.fullmatch(line[0]):
            raise _damaged(path, number, f"{len(COLUMNS)} cells are expected, the first of them a SHA-256")
        if line[0] in found:
            raise _damaged(path, number, "the photograph of an earlier line again")
        found[line[0]] = Override(*map(original, line[1:]))
    return found


def save_overrides(path: Path, overrides: Mapping[str, Override]) -> None:
    """Write them in the order of their SHA-256, so that git shows what has changed."""
    with written_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows([sha256, *map(defused, overrides[sha256])] for sha256 in sorted(overrides))


def with_overrides(
    manifest: pd.DataFrame, overrides: Mapping[str, Override], path: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The manifest with the labels that people have given, and findings about these photographs.

    No photograph changes its split. Overrides of photographs that are not in the manifest do nothing.

    Args:
        manifest: As `datasets.manifest.make_manifest` makes it.
        overrides: By SHA-256.
        path: Where they are from, for messages.

    Returns:
        All rows, in the manifest's order for their new labels; and by the same index the outcome ("removed" if it is
        not used, else "noted"), reason and detail of each photograph that an override changes.

    Raises:
        UserError: if an override names a class that the source does not have, or a class is left without photographs.
    """
    classes = set(manifest["label"])
    said = manifest["sha256"].map({digest: override.label for digest, override in overrides.items()})
    if unknown := sorted(set(said.dropna()) - classes - {""}):
        raise UserError(
            f"{path} has the label {printable(unknown[0])!r}, which is no class of the photographs: `alexnet-pipe "
            "relabel` gives another, `git checkout` brings the last commit's back"
        )
    dropped, changed = said == "", said.notna() & (said != "") & (said != manifest["label"])
    rows = manifest.assign(label=manifest["label"].mask(changed, said))
    _require_whole(rows[~dropped], manifest, path)
    findings = pd.DataFrame(
        {"outcome": "noted", "reason": RELABELLED, "detail": "was " + manifest["label"]}, manifest.index, dtype="str"
    )
    findings[dropped] = "removed", DROPPED, f"by {path}"
    rows, findings = rows.sort_values(["split", "label", "member"], kind="stable"), findings[dropped | changed]
    findings.index = pd.Index(rows.index.get_indexer(findings.index))
    return rows.reset_index(drop=True), findings.sort_index()


def _require_whole(used: pd.DataFrame, manifest: pd.DataFrame, path: Path) -> None:
    """
    Raises:
        UserError: if a split or the training images of a class are gone that the source has.
    """
    for of in (["split"], ["split", "label"]):
        before, now = (set(map(tuple, rows[of].drop_duplicates().to_numpy())) for rows in (manifest, used))
        for split, *label in sorted(before - now):
            if not label or split == "train":
                what = (
                    f"class {printable(label[0])!r} without training images"
                    if label
                    else f"{split} split without images"
                )
                raise UserError(f"{path} would leave the {what}: leave it some")


def _damaged(path: Path, line: int, reason: str) -> UserError:
    return UserError(
        f"{path}, line {line}: {' '.join(reason.split())}: mend it, or take the last commit's by `git checkout {path}`"
    )
