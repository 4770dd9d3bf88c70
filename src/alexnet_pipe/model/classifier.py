"""The model that is trained, saved and served: bytes in, logits out."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras

from alexnet_pipe.model.alexnet import AlexNet
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.initialisation import zeros
from alexnet_pipe.model.layers import Preprocessing
from alexnet_pipe.paper import CROP
from alexnet_pipe.portable.training_summary import Summary

AS_IN_THE_PAPER = MappingProxyType({"policy": "crop", "background": "white"})
"""How a photograph becomes 256×256 pixels; the names are those of the section `resize` of the parameters."""


@keras.saving.register_keras_serializable("alexnet_pipe")
class Classifier(keras.Model):
    """`Preprocessing` and `AlexNet`, with the mean image and the class names that they were trained with.

    What a photograph of any size needs to be predicted lies in the model's file.

    Takes a mapping of `image`, `offset`, `mirror` and `colour_shift`, shaped as `Preprocessing.call` says; gives
    logits, float32 `(n, classes)`.
    """

    def __init__(
        self,
        classes: Sequence[str],
        resize: Mapping[str, str] = AS_IN_THE_PAPER,
        forms: Forms = PORTABLE,
        temperature: float = 1.0,
        temperature_ten_view: float = 1.0,
        summary: Mapping[str, Any] | None = None,
        **network: Any,
    ) -> None:
        """
        Args:
            classes: The class names, in label order.
            resize: `policy` and `background`: how the photographs were made 256×256.
            forms: In which it computes; no part of its configuration.
            temperature: What makes probabilities of its logits that can be believed (`inputs.views.tempered`).
            temperature_ten_view: The same for the mean of ten views.
            summary: The fields of a `portable.training_summary.Summary` of its training.
            network: What `AlexNet` takes besides.
        """
        name = network.pop("name", "classifier")
        alexnet = AlexNet(len(classes), name="alexnet", forms=forms, **network)
        preprocessing = Preprocessing(form=forms.preprocess, name="preprocessing")
        inputs = _inputs()
        super().__init__(inputs=inputs, outputs=alexnet(preprocessing(**inputs)), name=name)
        self.classes = tuple(classes)
        self.resize = dict(resize)
        self.network = alexnet
        self.forms = forms
        self.temperature = temperature
        self.temperature_ten_view = temperature_ten_view
        self.summary = None if summary is None else Summary.model_validate(summary)

    @property
    def mean(self) -> keras.Variable:
        """The mean training image, float32 `(256, 256, 3)`, RGB in 0–255."""
        mean: keras.Variable = self.get_layer("preprocessing").mean
        return mean

    def with_features(self) -> keras.Model:
        """The same network with two outputs: the logits, and fc7 after its ReLU, floats `(n, units)`."""
        network = self.network
        both = keras.Model(network.inputs, [network.outputs[0], network.get_layer("relu7").output])
        return keras.Model(self.input, both(self.get_layer("preprocessing")(**self.input)))

    @classmethod
    def undrawn(cls, arguments: Mapping[str, Any], forms: Forms = PORTABLE) -> "Classifier":
        """One with zeros for weights, to be assigned others, which saves drawing 60 million."""
        return cls(forms=forms, first=zeros, **arguments)

    def untrained_copy(self, forms: Forms = PORTABLE) -> "Classifier":
        """The same classifier, under Keras' policy of now, in `forms`, without an optimizer."""
        copy = self.undrawn(self.get_config(), forms)
        copy.set_weights(self.get_weights())
        return copy

    def get_config(self) -> dict[str, Any]:
        answers = {"classes": list(self.classes), "resize": self.resize, "name": self.name}
        temperatures = {"temperature": self.temperature, "temperature_ten_view": self.temperature_ten_view}
        summary = self.summary and self.summary.model_dump()
        return {**self.network.arguments, **answers, **temperatures, "summary": summary}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Classifier":
        return cls(**config)


def _inputs() -> dict[str, Any]:
    return {
        "image": keras.Input((CROP, CROP, 3), dtype="uint8", name="image"),
        "offset": keras.Input((2,), dtype="int32", name="offset"),
        "mirror": keras.Input((), dtype="bool", name="mirror"),
        "colour_shift": keras.Input((3,), dtype="float32", name="colour_shift"),
    }
