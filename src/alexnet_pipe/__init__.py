"""AlexNet (Krizhevsky, Sutskever, Hinton 2012) as a reproducible production pipeline.

>>> import alexnet_pipe
>>> model = alexnet_pipe.load("models/alexnet.keras")  # doctest: +SKIP
>>> model.predict(["photo.jpg"])  # doctest: +SKIP

`load` opens a trained classifier, `AlexNet` is the network as a plain Keras model, and `ImageStore` reads the images
that the pipeline has prepared. What a name needs is imported when it is first used, so that this takes no time.
"""

from importlib import import_module
from typing import Any

_PLACES = {
    "load": "alexnet_pipe.serving.from_python",
    "TrainedClassifier": "alexnet_pipe.serving.from_python",
    "AlexNet": "alexnet_pipe.model.alexnet",
    "ImageStore": "alexnet_pipe.store.image_store",
    "UserError": "alexnet_pipe.base.errors",
}

__all__ = ["AlexNet", "ImageStore", "TrainedClassifier", "UserError", "load"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
