"""How hard the drawn data sets are: every number that makes a picture easier or harder to recognise.

Nothing here depends on the class, so that only shape and texture tell the classes apart.
"""

from dataclasses import dataclass

SEED = 2012

_Range = tuple[float, float]
"""A value is drawn uniformly from it."""

_Counts = tuple[int, int]


@dataclass(frozen=True)
class Difficulty:
    """The embedded sample's, unless something else is said.

    Lengths are shares of the picture's short side unless they say otherwise.

    Attributes:
        long_sides: Of the frame, in pixels: share of pictures, and lowest and highest long side.
        aspect: Short side over long side.
        shortest_side: In pixels.
        shape_radius: Of the object's bounding circle.
        margin: The border of the central square that the object keeps clear of.
        squash: How far a shape is squeezed along a random axis; 1 is not at all.
        full_frame: Share of textures that fill the whole frame.
        patch_radius: Of the other ones.
        periods: Of a texture, per short side.
        perspective: How much the period may grow from the middle of the frame to its edge.
        dividing_luma: Luma (0 to 255) that divides dark from bright colours.
        luma_gap: The least distance that each of both keeps from it.
        surface_cells: Of the random field that mixes a surface's two colours: 2 make a gradient, more make blotches.
        lines_behind, specks_behind, lines_in_front, specks_in_front: Clutter behind and in front of the object.
        line_width: Of clutter.
        speck_radius: Of clutter.
        shadows: Share of pictures with one.
        shadow_strength: Share of the light that it takes.
        light_fall: Of light across the frame.
        exposure: Factor of all light.
        blurred: Share of pictures.
        blur: In pixels for each 100 pixels of short side.
        grain: In grey levels.
    """

    long_sides: tuple[tuple[float, _Counts], ...] = ((0.05, (64, 100)), (0.88, (100, 400)), (0.07, (400, 900)))
    aspect: _Range = (0.6, 1.0)
    shortest_side: int = 64
    shape_radius: _Range = (0.31, 0.45)
    margin: float = 0.05
    squash: _Range = (0.87, 1.0)
    full_frame: float = 0.5
    patch_radius: _Range = (0.4, 0.48)
    periods: _Range = (2.6, 4.6)
    perspective: float = 0.2
    dividing_luma: _Range = (100, 155)
    luma_gap: _Range = (40, 95)
    surface_cells: tuple[int, ...] = (2, 2, 2, 4, 7)
    lines_behind: _Counts = (0, 3)
    specks_behind: _Counts = (2, 8)
    lines_in_front: _Counts = (0, 1)
    specks_in_front: _Counts = (0, 3)
    line_width: _Range = (0.005, 0.012)
    speck_radius: _Range = (0.01, 0.028)
    shadows: float = 0.4
    shadow_strength: _Range = (0.2, 0.5)
    light_fall: float = 0.3
    exposure: _Range = (0.8, 1.1)
    blurred: float = 0.25
    blur: _Range = (0.2, 0.5)
    grain: _Counts = (0, 7)


SAMPLE = Difficulty()

HARD = Difficulty(
    shape_radius=(0.15, 0.36),
    squash=(0.6, 1.0),
    full_frame=0.4,
    patch_radius=(0.25, 0.42),
    periods=(2.6, 6),
    perspective=0.3,
    luma_gap=(10, 46),
    lines_behind=(1, 5),
    specks_behind=(4, 14),
    lines_in_front=(1, 5),
    specks_in_front=(3, 12),
    line_width=(0.005, 0.02),
    speck_radius=(0.01, 0.035),
    blurred=0.3,
    blur=(0.2, 0.7),
    grain=(0, 26),
)
"""Small, pale, squeezed, partly hidden: a narrow network errs often enough for what helps it to be seen."""
