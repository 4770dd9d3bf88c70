"""Small ICC profiles, and the colours that they should give."""

import struct

import numpy as np

SRGB_TO_D50 = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


ADOBE_TO_D50 = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
"""XYZ of the primaries, adapted to D50 (Lindbloom, RGB/XYZ matrices); Adobe RGB (1998) has the gamma 2.19921875."""


def profile(tags: dict[bytes, bytes], colours: bytes) -> bytes:
    """An ICC profile of version 2 for a display."""
    tags = {
        b"desc": text(b"desc", "made here"),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1, 0.8249),
    } | tags
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = bytearray(128)
    header[:4] = struct.pack(">I", start + len(body))
    header[8:12], header[12:24], header[36:40] = b"\2\x10\0\0", b"mntr" + colours + b"XYZ ", b"acsp"
    header[68:80] = struct.pack(">iii", 63190, 65536, 54061)
    return bytes(header) + table + body


def text(kind: bytes, content: str) -> bytes:
    return kind + bytes(4) + struct.pack(">I", len(content) + 1) + content.encode() + b"\0" + bytes(78)


def xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(value * 65536) for value in values))


def gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256)) + bytes(2)


def adobe_rgb() -> bytes:
    columns = {b"rXYZ": xyz(*ADOBE_TO_D50[:, 0]), b"gXYZ": xyz(*ADOBE_TO_D50[:, 1]), b"bXYZ": xyz(*ADOBE_TO_D50[:, 2])}
    return profile(columns | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma(2.19921875)), b"RGB ")


def grey_profile(value: float) -> bytes:
    return profile({b"kTRC": gamma(value)}, b"GRAY")


def srgb_profile(description: str) -> bytes:
    columns = {b"rXYZ": xyz(*SRGB_TO_D50[:, 0]), b"gXYZ": xyz(*SRGB_TO_D50[:, 1]), b"bXYZ": xyz(*SRGB_TO_D50[:, 2])}
    linear = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma(1.0))
    return profile(columns | linear | {b"desc": text(b"desc", description)}, b"RGB ")


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, 0 to 255."""
    clipped = np.clip(linear, 0, 1)
    return 255 * np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
