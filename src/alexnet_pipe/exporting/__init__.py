"""A trained classifier in other formats, for programs that know nothing of this project."""

from enum import StrEnum
from pathlib import Path


class Format(StrEnum):
    """What a classifier can be exported to; no library of any of them is imported with this."""

    ONNX = "onnx"
    ONNX_FLOAT16 = "onnx-float16"
    ONNX_INT8 = "onnx-int8"
    SAVED_MODEL = "saved-model"
    TFLITE = "tflite"
    BUNDLE = "bundle"
    BUNDLE_FLOAT16 = "bundle-float16"
    BUNDLE_INT8 = "bundle-int8"

    @property
    def kind(self) -> str:
        """What the file is, whatever types are in it: `onnx`, `bundle`, `tflite` or `saved-model`."""
        return self.removesuffix(f"-{self.numbers}")

    @property
    def numbers(self) -> str:
        """In which its weights are: `float32`, `float16` or `int8`."""
        return next((name for name in ("float16", "int8") if self.endswith(f"-{name}")), "float32")

    def beside(self, model: Path) -> Path:
        """Where the export of the model file `model` lies by default.

        `alexnet.onnx`, `alexnet-int8.onnx`, `alexnet-saved-model`, …
        """
        stem = model.stem if self.numbers == "float32" else f"{model.stem}-{self.numbers}"
        if self is Format.SAVED_MODEL:
            return model.with_name(f"{stem}-{self}")
        return model.with_name(f"{stem}.{'zip' if self.kind == Format.BUNDLE else self.kind}")
