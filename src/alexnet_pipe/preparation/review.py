"""What was found out about the photographs of a data set."""

from typing import Any

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.datasets.relabelled import DROPPED, RELABELLED
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.copies import CONFLICT, exact_copies, near_copies, without_refused
from alexnet_pipe.preparation.store_writer import Written


def without_copies(manifest: pd.DataFrame, resize: ResizeParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The manifest without training images that are held out as well; and the findings about all copies.

    Raises:
        UserError: if so many have two labels that too many still will if as many as may be are refused.
    """
    findings = exact_copies(manifest)
    conflicts = manifest.loc[findings.index[findings["reason"] == CONFLICT]]
    _refuse_conflicts(manifest, conflicts, resize.max_conflicts + resize.max_rejected, resize)
    return manifest.drop(index=findings.index[findings["outcome"] == "removed"]), findings


def all_findings(manifest: pd.DataFrame, decided: pd.DataFrame, copies: pd.DataFrame, written: Written) -> pd.DataFrame:
    """One row a finding, in the manifest's order: its row's columns, then outcome, reason and detail.

    `decided` are findings about photographs whose label a person has put right, that are to be used no more, or that
    look like one of another split. The outcome is "refused" (cannot be used), "removed" (could be used, and is not) or
    "noted" (is used).
    """
    near = near_copies(written.kept, written.likeness)
    refused = written.findings[written.findings["outcome"] == "refused"]
    exact = without_refused(copies, manifest, refused)
    findings = pd.concat([decided, written.findings, exact, near]).sort_index(kind="stable")
    return pd.concat([manifest.loc[findings.index].reset_index(drop=True), findings.reset_index(drop=True)], axis=1)


def data_metrics(manifest: pd.DataFrame, findings: pd.DataFrame) -> dict[str, Any]:
    """Counts of images in the store by split, of refused and removed files, and of each reason."""
    unused = findings[findings["outcome"] != "noted"]
    images = manifest["split"].value_counts() - unused["split"].value_counts().reindex(SPLITS, fill_value=0)
    refused = findings[findings["outcome"] == "refused"]
    useless = findings[(findings["outcome"] == "refused") | (findings["reason"] == DROPPED)]
    usable = manifest[~manifest["sha256"].isin(useless["sha256"])]
    copies = usable.groupby("sha256").agg(splits=("split", "nunique"), labels=("label", "nunique"))
    rejected = len(refused)
    return {
        "classes": int(manifest["label"].nunique()),
        "images": {split: int(images.get(split, 0)) for split in SPLITS},
        "rejected": rejected,
        "rejected_share": rejected / len(manifest),
        "removed": int(((findings["outcome"] == "removed") & (findings["reason"] == "duplicate")).sum()),
        **{reason: int((findings["reason"] == reason).sum()) for reason in (RELABELLED, DROPPED)},
        "duplicates_across_splits": int((copies["splits"] > 1).sum()),
        "label_conflicts": int((copies["labels"] > 1).sum()),
        "near_duplicates": int((findings["reason"] == "near-duplicate").sum()),
        "reasons": {reason: int(count) for reason, count in sorted(findings["reason"].value_counts().items())},
    }


def _refuse_conflicts(manifest: pd.DataFrame, conflicts: pd.DataFrame, limit: float, resize: ResizeParams) -> None:
    """Refuse to go on if more than the share `limit` of the rows, those in `conflicts`, have two labels."""
    if len(conflicts) > limit * len(manifest):
        same = conflicts[conflicts["sha256"] == conflicts["sha256"].iloc[0]].drop_duplicates("label")
        pair = " and ".join(f"{row.member!r} ({printable(row.label)})" for row in same.head(2).itertuples())
        raise UserError(
            f"{len(conflicts):,} of {len(manifest):,} photographs ({len(conflicts) / len(manifest):.1%}) have the same "
            f"bytes as one with another label, more than resize.max_conflicts = {resize.max_conflicts:.1%}; the first "
            f"are {pair}: remove the wrong ones, or raise the limit"
        )


def refuse_unusable(manifest: pd.DataFrame, findings: pd.DataFrame, resize: ResizeParams) -> None:
    """
    Raises:
        UserError: if too many files were refused or have two labels, or a class or a split has no usable image left.
    """
    refused = findings[findings["outcome"] == "refused"]
    if len(refused) > resize.max_rejected * len(manifest):
        first = refused.iloc[0]
        raise UserError(
            f"{len(refused):,} of {len(manifest):,} files ({len(refused) / len(manifest):.1%}) were refused, more than "
            f"resize.max_rejected = {resize.max_rejected:.1%}; the first is {first['member']!r} ({first['reason']}): "
            "mend or remove the files, or raise the limit"
        )
    _refuse_conflicts(manifest, findings[findings["reason"] == CONFLICT], resize.max_conflicts, resize)
    unused = findings.loc[findings["outcome"] != "noted", ["container", "member"]]
    usable = manifest[~manifest.set_index(["container", "member"]).index.isin(unused.set_index(list(unused)).index)]
    for split in SPLITS:
        if not (usable["split"] == split).any():
            raise UserError(f"no usable image is left in the {split} split: mend the refused files or add photographs")
    trained = set(usable.loc[usable["split"] == "train", "label"])
    for label in sorted(set(manifest["label"]) - trained):
        raise UserError(f"class {label!r} has no usable training image: mend the refused files or add photographs")


def describe(metrics: dict[str, Any], findings: pd.DataFrame) -> str:
    """The counts in one line."""
    splits = ", ".join(f"{count:,} {split}" for split, count in metrics["images"].items())
    outcomes = [_counted(outcome, findings) for outcome in ("refused", "removed", "noted")]
    return "; ".join([f"{splits} images", *filter(None, outcomes)])


def _counted(outcome: str, findings: pd.DataFrame) -> str:
    counts = findings.loc[findings["outcome"] == outcome, "reason"].value_counts()
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))
    return f"{counts.sum():,} {outcome} ({reasons})" if reasons else ""
