"""JPEG 2000: what its main header says, before a decoder takes memory for it."""

import struct

from alexnet_pipe.preparation.refusals import RefusedError

_CODESTREAM = b"\xff\x4f\xff\x51"
_CODING_STYLE = b"\xff\x52"


def jpeg2000_levels(content: bytes) -> int:
    """How many times the picture can be halved as it is decoded.

    Raises:
        RefusedError: "unsupported" if its components are not alike, which Pillow takes them for.
    """
    start = content.find(_CODESTREAM) + len(_CODESTREAM)
    style = content.find(_CODING_STYLE, start)
    (components,) = struct.unpack_from(">H", content, start + 36)
    known = content[start + 38 : start + 38 + 3 * components]
    alike = {known[at : at + 3] for at in range(0, len(known), 3)}
    if len(alike) > 1 or any(component[1:] != b"\1\1" for component in alike):
        raise RefusedError(
            "unsupported", "JPEG 2000 with components of several sizes or depths: convert it to PNG"
        )
    return content[style + 9] if style >= 0 else 0
