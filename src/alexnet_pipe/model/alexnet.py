"""The network of the paper's figure 2, in all its published variants."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
from keras import layers

from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.initialisation import First, initialisers
from alexnet_pipe.model.layers import ResponseNormalization, TowerConvolution
from alexnet_pipe.paper import CROP
from alexnet_pipe.params.model import EPSILON, NORMALIZED, VARIANTS, Variant, kernel_shapes

MOMENTUM = 0.9
"""Share of batch normalization's statistics that a step keeps: Keras' 0.99 is too slow for some hundred steps."""


@keras.saving.register_keras_serializable("alexnet_pipe")
class AlexNet(keras.Model):
    """Five convolutional layers, three of them pooled, and three fully connected ones.

    Takes centred RGB pixels, floats `(n, 227, 227, 3)` in grey levels; gives the logits, float32 `(n, classes)`, whose
    softmax is the paper's output. The layers `conv1` … `fc8` hold the weights; `norm1` … `norm7`, if there is batch
    normalization, the scales, shifts and moving statistics of their outputs.
    """

    def __init__(
        self,
        classes: int,
        variant: str = "paper",
        width: float = 1.0,
        initialisation: str = "paper",
        input_scale: float = 1.0,
        seed: int = 0,
        dropout: float = 0.5,
        forms: Forms = PORTABLE,
        first: First = initialisers,
        **kwargs: Any,
    ) -> None:
        """
        Args:
            classes: Number of classes.
            variant: A name in `VARIANTS`.
            width: Multiplies the number of kernels and of hidden units.
            initialisation: `paper`, `bvlc` or `he`.
            input_scale: Multiplies the pixels.
            seed: Decides the first weights and what dropout drops.
            dropout: Share of fc6's and fc7's outputs that a training step sets to zero; no part of its configuration.
            forms: In which it computes; no part of its configuration.
            first: Gives the initialisers of a layer; no part of its configuration.
        """
        pixels = keras.Input((CROP, CROP, 3), name="pixels")
        shapes = kernel_shapes(variant, width, classes)
        drawn = partial(first, initialisation, input_scale=input_scale)
        logits = _Builder(VARIANTS[variant], shapes, drawn, seed, dropout, forms).logits(pixels, input_scale)
        super().__init__(inputs=pixels, outputs=logits, **kwargs)
        self.arguments: dict[str, Any] = {
            "classes": classes,
            "variant": variant,
            "width": width,
            "initialisation": initialisation,
            "input_scale": input_scale,
            "seed": seed,
        }

    def count_params(self) -> int:
        """How many numbers are learned; moving statistics are measured."""
        statistics = [2 * layer.gamma.shape[0] for layer in self.layers if isinstance(layer, layers.BatchNormalization)]
        return int(super().count_params()) - sum(statistics)

    def get_config(self) -> dict[str, Any]:
        return {**self.arguments, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "AlexNet":
        return cls(**config)


class _Builder:
    """Adds one layer after another, with the names, shapes and seeds that they need."""

    def __init__(
        self,
        variant: Variant,
        shapes: Mapping[str, tuple[int, ...]],
        first: Callable[..., dict[str, Any]],
        seed: int,
        dropout: float,
        forms: Forms,
    ) -> None:
        self.variant = variant
        self.shapes = shapes
        self.first = first
        self.dropout = dropout
        self.normalization = forms.normalize
        self.batch = variant.normalization == "batch"
        self.seeds = iter(range(1000 * seed, 1000 * seed + 1000))

    def logits(self, pixels: Any, input_scale: float) -> Any:
        x = self.convolution(self.framed(pixels), "conv1", strides=4, padding="valid", input_scale=input_scale)
        x = self.normalized_pool(x, "1")
        x = self.convolution(x, "conv2", groups=self.variant.towers)
        x = self.normalized_pool(x, "2")
        x = self.convolution(x, "conv3")
        x = self.convolution(x, "conv4", groups=self.variant.towers)
        x = self.convolution(x, "conv5", groups=self.variant.towers)
        x = self.pool(x, "pool5")
        x = layers.Flatten(name="flatten")(x)
        x = self.hidden(x, "6")
        x = self.hidden(x, "7")
        x = layers.Dense(self.shapes["fc8"][-1], **self.initialisers("fc8"), name="fc8")(x)
        return layers.Activation("linear", dtype="float32", name="logits")(x)

    def framed(self, pixels: Any) -> Any:
        """What the variant sees of a view, among zeros: centred pixels are zero where they are the mean.

        Of the 224 pixels of `one-weird-trick`, padded by 2, windows of 11 every 4 pixels reach 227.
        """
        if self.variant.seen == CROP:
            return pixels
        ends = ((CROP - self.variant.seen + 1) // 2, (CROP - self.variant.seen) // 2)
        seen = layers.Cropping2D((ends, ends), name="seen")(pixels)
        return layers.ZeroPadding2D((ends, ends), name="padded")(seen)

    def convolution(self, x: Any, name: str, padding: str = "same", **kwargs: Any) -> Any:
        size, *_, kernels = self.shapes[name]
        x = TowerConvolution(kernels, size, padding=padding, **kwargs, **self.initialisers(name), name=name)(x)
        return self.activated(x, name[-1])

    def activated(self, x: Any, number: str) -> Any:
        if self.batch:
            x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"norm{number}")(x)
        return layers.ReLU(name=f"relu{number}")(x)

    def normalized_pool(self, x: Any, number: str) -> Any:
        if self.variant.normalization != "response":
            return self.pool(x, f"pool{number}")
        k, alpha = self.variant.k, self.variant.alpha
        normalize = ResponseNormalization(k, alpha, form=self.normalization, name=f"norm{number}")
        if self.variant.pool_first:
            return normalize(self.pool(x, f"pool{number}"))
        return self.pool(normalize(x), f"pool{number}")

    def pool(self, x: Any, name: str) -> Any:
        """As published, windows of 3×3 every 2 pixels: they overlap (paper, section 3.4)."""
        return layers.MaxPooling2D(self.variant.window, strides=2, name=name)(x)

    def hidden(self, x: Any, number: str) -> Any:
        name = f"fc{number}"
        x = layers.Dense(self.shapes[name][-1], **self.initialisers(name), name=name)(x)
        x = self.activated(x, number)
        return layers.Dropout(self.dropout, seed=next(self.seeds), name=f"drop{number}")(x)

    def initialisers(self, layer: str) -> dict[str, Any]:
        # The mean that is subtracted next would take a bias with it (Ioffe and Szegedy 2015, section 3.2).
        biased = not self.batch or layer not in NORMALIZED
        return {**self.first(layer=layer, seed=next(self.seeds)), "use_bias": biased}
