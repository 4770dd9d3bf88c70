"""What was found out about the photographs of a data set."""

from typing import Any

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.preparation.copies import exact_copies, near_copies
from alexnet_pipe.preparation.store_writer import Written


def without_copies(manifest: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The manifest without training images that are held out as well; and the findings about all copies."""
    findings = exact_copies(manifest)
    return manifest.drop(index=findings.index[findings["outcome"] == "removed"]), findings


def all_findings(manifest: pd.DataFrame, copies: pd.DataFrame, written: Written) -> pd.DataFrame:
    """One row a finding, in the manifest's order: its row's columns, then outcome, reason and detail.

    The outcome is "refused" (cannot be used), "removed" (could be used, and is not) or "noted" (is used).
    """
    near = near_copies(written.kept, written.likeness)
    findings = pd.concat([written.findings, copies, near]).sort_index(kind="stable")
    return pd.concat([manifest.loc[findings.index].reset_index(drop=True), findings.reset_index(drop=True)], axis=1)


def data_metrics(manifest: pd.DataFrame, findings: pd.DataFrame) -> dict[str, Any]:
    """Counts of images in the store by split, of refused and removed files, and of each reason."""
    unused = findings[findings["outcome"] != "noted"]
    images = manifest["split"].value_counts() - unused["split"].value_counts().reindex(SPLITS, fill_value=0)
    copies = (
        manifest[manifest["sha256"] != ""]
        .groupby("sha256")
        .agg(splits=("split", "nunique"), labels=("label", "nunique"))
    )
    rejected = int((findings["outcome"] == "refused").sum())
    return {
        "classes": int(manifest["label"].nunique()),
        "images": {split: int(images.get(split, 0)) for split in SPLITS},
        "rejected": rejected,
        "rejected_share": rejected / len(manifest),
        "removed": int((findings["outcome"] == "removed").sum()),
        "duplicates_across_splits": int((copies["splits"] > 1).sum()),
        "label_conflicts": int((copies["labels"] > 1).sum()),
        "near_duplicates": int((findings["reason"] == "near-duplicate").sum()),
        "reasons": {reason: int(count) for reason, count in sorted(findings["reason"].value_counts().items())},
    }


def refuse_unusable(manifest: pd.DataFrame, findings: pd.DataFrame, max_rejected: float) -> None:
    """
    Raises:
        UserError: if too many files were refused, or a class or a split has no usable image left.
    """
    refused = findings[findings["outcome"] == "refused"]
    if len(refused) > max_rejected * len(manifest):
        first = refused.iloc[0]
        raise UserError(
            f"{len(refused):,} of {len(manifest):,} files ({len(refused) / len(manifest):.1%}) were refused, more "
            f"than resize.max_rejected = {max_rejected:.1%}; the first is {first['member']!r} ({first['reason']}): "
            "mend or remove the files, or raise the limit"
        )
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
