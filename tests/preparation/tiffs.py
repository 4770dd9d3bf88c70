"""TIFF files that Pillow does not write."""

import struct
from collections.abc import Mapping

import numpy as np

Tags = Mapping[int, int]


def tiff(pixels: np.ndarray, *, planes: bool = False, tags: Tags | None = None, order: str = "<") -> bytes:
    """Uncompressed `(height, width, bands)` of any dtype, its bands one after another if `planes`.

    `tags` has other values for its directory.
    """
    height, width, bands = pixels.shape
    parts = np.moveaxis(pixels, -1, 0) if planes else pixels[None]
    data = [np.ascontiguousarray(part.astype(pixels.dtype.newbyteorder(order))).tobytes() for part in parts]
    entries: dict[int, list[int]] = {
        256: [width],
        257: [height],
        258: [8 * pixels.itemsize] * bands,
        259: [1],
        262: [2 if bands == 3 else 1],
        273: [0] * len(data),
        277: [bands],
        278: [height],
        279: [len(part) for part in data],
        284: [2 if planes else 1],
        339: [{"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]] * bands,
    }
    entries |= {tag: [value] for tag, value in (tags or {}).items()}
    values = 8 + 2 + 12 * len(entries) + 4
    start = values + 4 * sum(len(entry) for entry in entries.values() if len(entry) > 1)
    entries[273] = [start + sum(map(len, data[:part])) for part in range(len(data))]
    directory, outside = b"", b""
    for tag, entry in entries.items():
        packed = struct.pack(f"{order}{len(entry)}I", *entry)
        directory += struct.pack(f"{order}HHI", tag, 4, len(entry))
        directory += packed if len(entry) == 1 else struct.pack(f"{order}I", values + len(outside))
        outside += packed if len(entry) > 1 else b""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(entries))
    return head + directory + bytes(4) + outside + b"".join(data)
