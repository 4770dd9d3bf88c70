"""From the layout of Caffe and PyTorch, outputs and channels first, to this project's, channels and outputs last."""

import numpy as np

from alexnet_pipe.pretrained.published import Array, Layer

_POOL5 = (6, 6)


def channels_last(layer: Layer) -> Layer:
    """`(out, in, height, width)` to `(height, width, in, out)`, and `(out, in)` to `(in, out)`."""
    return Layer(layer.kernel.transpose(2, 3, 1, 0) if layer.kernel.ndim == 4 else layer.kernel.T, layer.bias)


def inputs_by_place(fc6: Layer) -> Layer:
    """fc6 with its inputs, pool5's outputs, in height, width, channel order instead of channel, height, width."""
    # A unit's weights lie together in the file; reordered as units, not as inputs, they are read in a row.
    units: Array = fc6.kernel.T.reshape(fc6.kernel.shape[1], -1, *_POOL5)
    return Layer(np.moveaxis(units, 1, 3).reshape(fc6.kernel.shape[::-1]).T, fc6.bias)
