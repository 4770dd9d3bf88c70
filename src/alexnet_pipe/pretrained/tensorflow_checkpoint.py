"""TensorFlow's checkpoints with the names of Caffe's layers, as kratzert's finetune_alexnet_with_tensorflow saves."""

import math
import re
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.startup import without_notices
from alexnet_pipe.pretrained.caffemodel import from_caffe
from alexnet_pipe.pretrained.published import LAYERS, Layer, Published, fitting_width

_TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
"""The last bytes of an `.index` (kTableMagicNumber in tensorflow/core/lib/io/format.h)."""
_DATA = re.compile(r"\.data-\d{5}-of-\d{5}$")
_MOST_NUMBERS = 2**27


def checkpoint_at(path: Path) -> Path | None:
    """What TensorFlow calls the checkpoint that `path` belongs to: the name itself, its `.index` or its `.data-…`.

    Raises:
        UserError: if its `.index` is missing.
    """
    if path.suffix == ".index" and path.is_file() and _ends_as_table(path):
        return path.with_suffix("")
    if found := _DATA.search(path.name):
        prefix = path.with_name(path.name[: found.start()])
        if not _index(prefix).is_file():
            raise UserError(f"{path}: {_index(prefix).name} is missing beside it, and says what lies where in it")
        return prefix
    return path if not path.exists() and _index(path).is_file() and _ends_as_table(_index(path)) else None


def read_checkpoint(prefix: Path) -> Published:
    """The weights in a checkpoint.

    Raises:
        UserError: if it lacks one of them, or has one of another shape.
        Exception: of any kind, if it is damaged.
    """
    with without_notices():
        from tensorflow.train import load_checkpoint

    held = load_checkpoint(str(prefix))
    shapes = held.get_variable_to_shape_map()
    names = {layer: (f"{layer}/weights", f"{layer}/biases") for layer in LAYERS}
    for name in (name for pair in names.values() for name in pair):
        if name not in shapes:
            raise UserError(f"it has no {name}: of TensorFlow's checkpoints only those with Caffe's names are known")
        if math.prod(shapes[name]) > _MOST_NUMBERS:
            raise UserError(f"{name} has {math.prod(shapes[name]):,} numbers: it is another network")
    layers = {layer: Layer(*map(held.get_tensor, pair)) for layer, pair in names.items()}
    width = fitting_width(layers, "bvlc")
    remark = "taken as bvlc: a checkpoint does not say in which order the network pools and normalizes"
    return from_caffe("checkpoint of TensorFlow", "bvlc", width, layers, (remark,))


def _index(prefix: Path) -> Path:
    return prefix.with_name(f"{prefix.name}.index")


def _ends_as_table(path: Path) -> bool:
    return path.read_bytes()[-len(_TABLE_END) :] == _TABLE_END
