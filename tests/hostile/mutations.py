"""What transport and malice do to bytes: flipped, inserted, deleted, cut off, and copied elsewhere."""

from collections.abc import Callable

from hypothesis import strategies as st

Mutation = Callable[[bytes], bytes]

# Hypothesis likes small numbers, which would all be in the first header.
_places = st.integers(1, (1 << 20) - 1).map(lambda number: number * 648_055 % (1 << 20))


def _at(place: int, content: bytes) -> int:
    return place * (len(content) + 1) >> 20


def _flipped(place: int, bits: int) -> Mutation:
    def mutate(content: bytes) -> bytes:
        at = _at(place, content)
        return content[:at] + bytes(byte ^ bits for byte in content[at : at + 1]) + content[at + 1 :]

    return mutate


def _replaced(place: int, dropped: int, new: bytes) -> Mutation:
    return lambda content: content[: _at(place, content)] + new + content[_at(place, content) + dropped :]


def _cut(place: int) -> Mutation:
    return lambda content: content[: _at(place, content)]


def _spliced(source: int, size: int, place: int, over: bool) -> Mutation:
    """Some bytes once more, elsewhere, over or between those that are there."""

    def mutate(content: bytes) -> bytes:
        piece, at = content[_at(source, content) :][:size], _at(place, content)
        return content[:at] + piece + content[at + len(piece) * over :]

    return mutate


def _all(parts: list[Mutation]) -> Mutation:
    def mutate(content: bytes) -> bytes:
        for part in parts:
            content = part(content)
        return content

    return mutate


_flips = st.builds(_flipped, _places, st.integers(1, 255))
_sizes = st.sampled_from([1, 2, 3, 4, 8, 46, 100, 512, 1024])
_others = (
    st.builds(_replaced, _places, st.just(0), st.binary(min_size=1, max_size=20))
    | st.builds(_replaced, _places, _sizes, st.just(b""))
    | st.builds(lambda place, new: _replaced(place, len(new), new), _places, st.sampled_from([b"\0" * 4, b"\xff" * 4]))
    | st.builds(_cut, _places)
    | st.builds(_spliced, _places, _sizes, _places, st.booleans())
)

flips = st.lists(_flips, min_size=1, max_size=3).map(_all)
"""Some bytes have other values; none is added, and none is missing."""

mutations = flips | st.lists(_flips | _others, min_size=1, max_size=4).map(_all)
