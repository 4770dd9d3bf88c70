"""`.keras` files that are equal, byte for byte, when the models in them are; and one number for a set of weights."""

import hashlib
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import required, written_aside
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms

_CONFIGURATION = "config.json"
_METADATA = "metadata.json"


def save_model(path: Path, model: Classifier) -> None:
    """Save architecture, class names, mean image and weights, without the optimizer."""
    # A copy built from its configuration has neither optimizer nor training history to leave in the file.
    bare = Classifier.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    with written_aside(path) as aside:
        stamped = aside.with_name(aside.name + ".keras")
        try:
            bare.save(stamped)
            _without_stamps(stamped, aside)
        finally:
            stamped.unlink(missing_ok=True)


def load_model(path: Path, forms: Forms = PORTABLE) -> Classifier:
    """The classifier in `path`, not compiled, which computes in `forms`.

    Raises:
        UserError: if the file is missing, damaged, or holds another kind of model.
    """
    try:
        with zipfile.ZipFile(required(path)) as archive:
            content: dict[str, Any] = json.loads(archive.read(_CONFIGURATION))
        if content["class_name"] != Classifier.__name__:
            raise UserError(f"{path} holds a {content['class_name']}, not a classifier of this project")
        # Not `keras.saving.load_model`: it makes whatever class a file names, and leaves no choice of forms.
        model = Classifier(forms=forms, **content["config"])
        model.load_weights(path)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not a model of this project, or is damaged: {str(error).splitlines()[0]}") from None
    return model


def weights_digest(weights: Iterable[np.ndarray]) -> str:
    """SHA-256, in hexadecimal, over the tensors in order, each with its dtype and shape."""
    digest = hashlib.sha256()
    for tensor in weights:
        digest.update(f"{tensor.dtype.str}{tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()


def _without_stamps(stamped: Path, target: Path) -> None:
    """Copy a `.keras` archive without the times that Keras and zip write into it."""
    with zipfile.ZipFile(stamped) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == _METADATA:
                content = _undated(content)
            copy.writestr(zipfile.ZipInfo(name), content)


def _undated(metadata: bytes) -> bytes:
    content: dict[str, Any] = json.loads(metadata)
    content.pop("date_saved", None)
    return json.dumps(content, sort_keys=True).encode()
