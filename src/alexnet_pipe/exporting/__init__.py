"""A trained classifier in other formats, for programs that know nothing of this project."""

from enum import StrEnum
from pathlib import Path


class Format(StrEnum):
    """What a classifier can be exported to; no library of any of them is imported with this."""

    ONNX = "onnx"
    SAVED_MODEL = "saved-model"
    TFLITE = "tflite"
    BUNDLE = "bundle"

    def beside(self, model: Path) -> Path:
        """Where the export of the model file `model` lies by default: `alexnet.onnx`, `alexnet-saved-model`, …"""
        if self is Format.BUNDLE:
            return model.with_suffix(".zip")
        separator = "-" if self is Format.SAVED_MODEL else "."
        return model.with_name(f"{model.stem}{separator}{self}")
