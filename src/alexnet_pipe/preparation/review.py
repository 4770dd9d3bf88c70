"""What the manifest and the refused files say of a data set."""

from typing import Any

import pandas as pd

from alexnet_pipe.errors import UserError
from alexnet_pipe.preparation.plan import SPLITS


def data_metrics(manifest: pd.DataFrame, rejected: pd.DataFrame) -> dict[str, Any]:
    """Counts of usable images by split, of refused files, and of exact copies that cross splits or labels."""
    usable = manifest["split"].value_counts() - rejected["split"].value_counts().reindex(SPLITS, fill_value=0)
    copies = manifest.groupby("sha256").agg(splits=("split", "nunique"), labels=("label", "nunique"))
    return {
        "classes": int(manifest["label"].nunique()),
        "images": {split: int(usable.get(split, 0)) for split in SPLITS},
        "rejected": len(rejected),
        "rejected_share": len(rejected) / len(manifest),
        "duplicates_across_splits": int((copies["splits"] > 1).sum()),
        "label_conflicts": int((copies["labels"] > 1).sum()),
    }


def refuse_unusable(manifest: pd.DataFrame, rejected: pd.DataFrame, max_rejected: float) -> None:
    """
    Raises:
        UserError: if too many files were refused, or a class or a split has no usable image left.
    """
    if len(rejected) > max_rejected * len(manifest):
        first = rejected.iloc[0]
        raise UserError(
            f"{len(rejected):,} of {len(manifest):,} files ({len(rejected) / len(manifest):.1%}) were refused, more "
            f"than resize.max_rejected = {max_rejected:.1%}; the first is {first['member']!r} ({first['reason']}): "
            "mend or remove the files, or raise the limit"
        )
    usable = manifest[~manifest["member"].isin(rejected["member"])]
    for split in SPLITS:
        if not (usable["split"] == split).any():
            raise UserError(f"no usable image is left in the {split} split: mend the refused files or add photographs")
    trained = set(usable.loc[usable["split"] == "train", "label"])
    for label in sorted(set(manifest["label"]) - trained):
        raise UserError(f"class {label!r} has no usable training image: mend the refused files or add photographs")


def describe(metrics: dict[str, Any], rejected: pd.DataFrame) -> str:
    """The counts in one line."""
    splits = ", ".join(f"{count:,} {split}" for split, count in metrics["images"].items())
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(rejected["reason"].value_counts().items()))
    return f"{splits} images; {len(rejected):,} files refused" + (f" ({reasons})" if reasons else "")
