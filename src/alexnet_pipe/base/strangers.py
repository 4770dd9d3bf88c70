"""Files that are often found where a model or weights are expected, told by their first bytes, with what to do."""

import re

START = 4096
"""Bytes that tell them."""

_KINDS = {
    rb"\Z": "is empty: it was not fetched whole; fetch it again",
    rb"version https://git-lfs": "is a pointer of Git LFS, and not the file that it stands for: "
    "run `git lfs pull` where it lies",
    rb"(?i)\s*(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml|!--)": "is a web page that was saved in the file's place: "
    "open its address in a browser, and download the file itself",
    rb"\x89HDF\r\n\x1a\n": "is an HDF5 file, as Keras' old .h5: nothing in it says what its numbers belong to; "
    "import .npy, .caffemodel, .pth or .safetensors, or train anew",
    rb"MATLAB 5\.0": "is a MATLAB file, as MatConvNet's models: import .npy, .caffemodel, .pth or .safetensors",
    rb"\x1f\x8b|BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!": "is compressed: unpack it, and give the file "
    "that is in it",
    rb"(?s).{257}ustar": "is a tar archive: unpack it, and give the file that is in it",
    rb"(?s).{4}TFL3": "is a model of TensorFlow Lite, which is made to be run, not to be read: get the weights that it "
    "was made of",
    rb"\xff\xd8\xff|\x89PNG|GIF8": "is a photograph",
}


def stranger(start: bytes) -> str:
    """What a file is that begins so, and what to do instead, as the end of a sentence; empty if nothing is known.

    Args:
        start: The first `START` bytes, or all if there are fewer.
    """
    found = next((text for pattern, text in _KINDS.items() if re.match(pattern, start)), "")
    return found or (_TEXT if _is_text(start) else "")


_TEXT = "is text, and no file of weights: a .prototxt or a list says what a network is, not what it has learned"


def _is_text(start: bytes) -> bool:
    return len(start) > 8 and re.fullmatch(rb"[\t\n\r\x20-\x7e]+", start) is not None
