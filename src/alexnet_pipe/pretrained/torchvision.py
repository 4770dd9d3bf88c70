"""State dicts with the names of torchvision's `alexnet` (torchvision/models/alexnet.py)."""

from collections.abc import Mapping

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.pretrained.published import (
    LAYERS,
    Array,
    Layer,
    Published,
    ShapeError,
    channels_last,
    fitting_width,
    inputs_by_place,
)

_NAMES = dict(
    zip(
        LAYERS,
        (*(f"features.{number}" for number in (0, 3, 6, 8, 10)), *(f"classifier.{number}" for number in (1, 4, 6))),
        strict=True,
    )
)
"""Where numbers are missing stand ReLUs, pools and dropout: there is no place for normalization."""

_FIRST = "features.0.weight"

_AROUND = ("module", "_orig_mod")
"""What PyTorch's DataParallel and `torch.compile` put into the names."""

_TWO_TOWERS, _WEIRD_TRICK = "no-normalization", "one-weird-trick"
"""The variants without normalization: of this project's networks the published one, and torchvision's own."""

# torchvision.transforms.Normalize of the ImageNet weights, for pixels in 0 to 1.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

_UNPADDED = "conv1 taken without padding on 227×227 pixels: the file does not say how it was trained"
_PADDED = "photographs are scaled and cut as torchvision does, 224×224 pixels of them padded by 2"


def from_torchvision(form: str, state: Mapping[str, Array]) -> Published:
    """Torchvision's network, or one of this project's shapes that was trained under the same names.

    Raises:
        UserError: if names or shapes are another network's.
    """
    state, renamed = _plain_names(state)
    if measured := [name for name in state if name.endswith("running_var")]:
        raise UserError(
            f"it has batch normalization ({printable(measured[0])[:60]}), for which torchvision's AlexNet has no "
            "names: its weights cannot be taken; the variant batch-normalization starts with random ones"
        )
    missing = [
        f"{name}.{part}" for name in _NAMES.values() for part in ("weight", "bias") if f"{name}.{part}" not in state
    ]
    if missing:
        raise UserError(f"it has no {missing[0]}: only a state dict with the names of torchvision's AlexNet is known")
    layers = {
        name: channels_last(Layer(state[f"{theirs}.weight"], state[f"{theirs}.bias"]))
        for name, theirs in _NAMES.items()
    }
    variant, width = _variant(layers)
    reordered = "fc6's inputs reordered from channel, height, width to height, width, channel"
    remarks = (*renamed, reordered)
    return from_normalized(form, variant, width, layers | {"fc6": inputs_by_place(layers["fc6"])}, remarks)


def from_normalized(
    form: str, variant: str, width: float, layers: Mapping[str, Layer], remarks: tuple[str, ...]
) -> Published:
    """Weights that took (x / 255 − mean) / deviation of RGB, as torchvision normalizes.

    conv1 takes x − 255 · mean here, and the rest goes into its weights.
    """
    conv1 = layers["conv1"]
    scale = 255.0 * np.array(DEVIATION)[:, None]
    red, green, blue = (255.0 * mean for mean in MEAN)
    padded = variant == _WEIRD_TRICK
    return Published(
        format=form,
        variant=variant,
        width=width,
        layers={name: layers[name] for name in LAYERS} | {"conv1": Layer(conv1.kernel / scale, conv1.bias)},
        mean=(red, green, blue),
        policy="torchvision" if padded else "crop",
        remarks=(
            *remarks,
            "conv1 divided by 255 times torchvision's deviations, so that it takes grey levels",
            f"torchvision's mean, R {red:.3f}, G {green:.3f}, B {blue:.3f}",
            _PADDED if padded else _UNPADDED,
        ),
    )


def _plain_names(state: Mapping[str, Array]) -> tuple[Mapping[str, Array], tuple[str, ...]]:
    """`state` by torchvision's names, without those of what the network was in, and a remark if there were any."""
    plain = {".".join(part for part in name.split(".") if part not in _AROUND): name for name in state}
    outer = [name.removesuffix(_FIRST) for name in plain if name == _FIRST or name.endswith(f".{_FIRST}")]
    if len(plain) < len(state) or len(outer) != 1:
        return state, ()
    found = {name.removeprefix(outer[0]): theirs for name, theirs in plain.items() if name.startswith(outer[0])}
    renamed = () if found[_FIRST] == _FIRST else (f"{found[_FIRST]!r} taken as {_FIRST!r}, and so on",)
    return {name: state[theirs] for name, theirs in found.items()}, renamed


def _variant(layers: Mapping[str, Layer]) -> tuple[str, float]:
    """The variant whose shapes the layers have, and their width."""
    failures = {}
    for variant in (_TWO_TOWERS, _WEIRD_TRICK):
        try:
            return variant, fitting_width(layers, variant)
        except ShapeError as error:
            failures[variant] = error
    # conv1, the first that is looked at, says which network was meant.
    other = next((name for name, error in failures.items() if not str(error).startswith("conv1")), _TWO_TOWERS)
    raise ShapeError(
        f"{failures[other]}; torchvision's names leave no place for normalization, and of the variants without it this "
        "is the nearest"
    )
