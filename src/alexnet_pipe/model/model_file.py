"""`.keras` files that are equal, byte for byte, when the models in them are."""

import json
import zipfile
from pathlib import Path
from typing import Any

import keras

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import required, written_aside
from alexnet_pipe.model.classifier import Classifier

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


def load_model(path: Path) -> Classifier:
    """The classifier in `path`, not compiled.

    Raises:
        UserError: if the file is missing, damaged, or holds another kind of model.
    """
    try:
        model = keras.saving.load_model(required(path), compile=False)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is not a model of this project, or is damaged: {str(error).splitlines()[0]}") from None
    if not isinstance(model, Classifier):
        raise UserError(f"{path} holds a {type(model).__name__}, not a classifier of this project")
    return model


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
