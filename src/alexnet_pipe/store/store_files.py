"""Names and shapes of the files that make up an image store."""

import json
from collections.abc import Sequence
from pathlib import Path

SHARD_IMAGES = 1024
"""Images of a full shard: 201 MB."""

INDEX_FILE = "index.parquet"
CLASSES_FILE = "classes.json"
RESIZE_FILE = "resize.json"
"""How the photographs were made 256×256: what a prediction must do as well."""
DIGESTS_FILE = "digests.json"
"""The SHA-256 of each shard's bytes, hexadecimal."""


def shard_name(split: str, number: int) -> str:
    """The file name of a split's shard."""
    return f"{split}-{number:05d}.npy"


def write_classes(path: Path, classes: Sequence[str]) -> None:
    """Store the class names in label order."""
    path.write_text(json.dumps(list(classes), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def read_classes(path: Path) -> list[str]:
    """The class names in label order."""
    names: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return names
