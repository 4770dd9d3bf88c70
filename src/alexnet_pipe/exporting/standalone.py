"""Say what is on photographs: the classes of each as a line of CSV, the most probable first.

    python predict.py PHOTO...

It needs Python 3.10 or later, onnxruntime, numpy and pillow, and `model.onnx` beside it, which says its classes and how
a photograph becomes 256×256 pixels. The probabilities are those of the centre view. What cannot be read is told on
standard error, and the exit status is 1.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

SIDE = 256
LARGEST = 52_428_800
"""Pixels of a photograph."""
TOP = 5


def main(names: list[str]) -> int:
    """Print a line a photograph; gives how many could not be read, at most 1."""
    if not names or names[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"), providers=["CPUExecutionProvider"])
    notes = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    out = csv.writer(sys.stdout, lineterminator="\n")
    columns = [
        f"{name}{number}"
        for number in range(1, 1 + min(TOP, len(notes["classes"])))
        for name in ("class", "probability")
    ]
    out.writerow(["photograph", *columns])
    failed = 0
    for name in names:
        try:
            pixels = prepared(Path(name), **notes["resize"])
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
            failed = 1
            continue
        [[shares]] = session.run(["probabilities"], {"images": pixels[None]})
        best = np.argsort(-shares, kind="stable")[:TOP]
        out.writerow([name, *(cell for label in best for cell in (notes["classes"][label], f"{shares[label]:.9g}"))])
    return failed


def prepared(path: Path, policy: str, background: str) -> np.ndarray:
    """The photograph upright in RGB, uint8 `(256, 256, 3)`; what is transparent takes the colour `background`."""
    Image.MAX_IMAGE_PIXELS = LARGEST
    with Image.open(path) as file:
        if policy != "torchvision":
            file.draft(None, (SIDE, SIDE))  # Large JPEGs are reduced while they are decoded.
        photo = ImageOps.exif_transpose(file)
    if photo.mode in ("LA", "PA", "RGBA") or "transparency" in photo.info:
        whole = Image.new("RGBA", photo.size, background)
        photo = Image.alpha_composite(whole, photo.convert("RGBA"))
    photo = photo.convert("RGB")
    if policy == "squash":
        return np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return as_torchvision(photo) if policy == "torchvision" else cropped(photo)


def cropped(photo: Image.Image) -> np.ndarray:
    """The short side becomes 256, and the middle is cut out (Krizhevsky, Sutskever, Hinton 2012, section 2)."""
    short = min(photo.size)
    (left, right), (top, bottom) = (middle(side, short) for side in photo.size)
    return np.asarray(photo.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, right, bottom)))


def middle(side: int, short: int) -> tuple[float, float]:
    """Where 256 of the scaled pixels begin and end, in pixels of the photograph."""
    scaled = round(side * SIDE / short)
    start = (scaled - SIDE) // 2
    return start * side / scaled, (start + SIDE) * side / scaled


def as_torchvision(photo: Image.Image) -> np.ndarray:
    """`Resize(256)` and `CenterCrop(256)` of torchvision.transforms."""
    short = min(photo.size)
    width, height = (SIDE if side == short else int(SIDE * side / short) for side in photo.size)
    left, top = round((width - SIDE) / 2), round((height - SIDE) / 2)
    whole = photo.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(whole.crop((left, top, left + SIDE, top + SIDE)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
