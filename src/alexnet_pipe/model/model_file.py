"""`.keras` files that are equal, byte for byte, when the models in them are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from alexnet_pipe.base.files import written_aside
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.portable.description import Description
from alexnet_pipe.portable.stored_model import Stored, read_stored
from alexnet_pipe.portable.stored_weights import MEAN, expected_weights

_METADATA = "metadata.json"


def save_model(path: Path, model: Classifier) -> None:
    """Save architecture, class names, mean image and weights, without the optimizer."""
    # A copy built from its configuration has neither optimizer nor training history to leave in the file.
    bare = model.untrained_copy()
    with written_aside(path) as aside:
        stamped = aside.with_name(aside.name + ".keras")
        try:
            bare.save(stamped)
            _without_stamps(stamped, aside)
        finally:
            stamped.unlink(missing_ok=True)


def load_model(path: Path, forms: Forms = PORTABLE) -> Classifier:
    """The classifier in `path`, not compiled, which computes in `forms`.

    The file is data: its network is built by this project of what it says, and Keras reads nothing of it.

    Raises:
        UserError: as `portable.stored_model.read_stored`.
    """
    return as_classifier(read_stored(path), forms)


def as_classifier(stored: Stored, forms: Forms = PORTABLE) -> Classifier:
    """What `as_stored` took apart, not compiled."""
    model = Classifier.undrawn(stored.description.arguments(), forms)
    for name, variable in _variables(model, stored.description):
        variable.assign(stored.arrays[name])
    return model


def as_stored(model: Classifier) -> Stored:
    """What `save_model` would put into a file, as data."""
    description = Description.model_validate(model.get_config())
    arrays = {name: np.asarray(variable, np.float32) for name, variable in _variables(model, description)}
    return Stored(description, arrays)


def _variables(model: Classifier, description: Description) -> Iterator[tuple[str, Any]]:
    for name in expected_weights(description):
        layer, _, number = name.partition(".")
        yield name, model.mean if name == MEAN else model.network.get_layer(layer).weights[int(number)]


def _without_stamps(stamped: Path, target: Path) -> None:
    """Copy a `.keras` archive without the times that Keras and zip write into it."""
    with ZipFile(stamped) as source, ZipFile(target, "w", ZIP_STORED) as copy:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == _METADATA:
                content = _undated(content)
            copy.writestr(ZipInfo(name), content)


def _undated(metadata: bytes) -> bytes:
    content: dict[str, Any] = json.loads(metadata)
    content.pop("date_saved", None)
    return json.dumps(content, sort_keys=True).encode()
