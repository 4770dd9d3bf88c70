"""How hard the sample data set is: every constant that makes a picture easier or harder to recognise.

A pair is the range from which a value is drawn uniformly. Lengths are shares of the picture's short side unless they
say otherwise. Nothing here depends on the class, so that only shape and texture tell the classes apart.
"""

SEED = 2012

# The frame, in pixels: (share of pictures, lowest and highest long side), and short side over long side.
LONG_SIDES = ((0.05, (64, 100)), (0.88, (100, 400)), (0.07, (400, 900)))
ASPECT = (0.6, 1.0)
SHORTEST_SIDE = 64

# The object: radius of its bounding circle, and the border of the central square that it keeps clear of.
SHAPE_RADIUS = (0.31, 0.45)
MARGIN = 0.05
# How far a shape is squeezed along a random axis; 1 is not at all.
SQUASH = (0.87, 1.0)

# Textures: share that fills the whole frame, radius of the patch otherwise, periods per short side, and how much the
# period may grow from the middle of the frame to its edge (perspective).
FULL_FRAME = 0.5
PATCH_RADIUS = (0.4, 0.48)
PERIODS = (2.6, 4.6)
PERSPECTIVE = 0.2

# Contrast: luma (0 to 255) that divides dark from bright colours, and the least distance that each keeps from it.
DIVIDING_LUMA = (100, 155)
LUMA_GAP = (40, 95)

# Unevenness within one surface: shares of the kinds, by cells of the random field that mixes its two colours.
# 2 cells make a gradient, more make blotches.
SURFACE_CELLS = (2, 2, 2, 4, 7)

# Clutter: how many lines and specks behind and in front of the object, their widths and sizes.
LINES_BEHIND, SPECKS_BEHIND = (0, 3), (2, 8)
LINES_IN_FRONT, SPECKS_IN_FRONT = (0, 1), (0, 3)
LINE_WIDTH = (0.005, 0.012)
SPECK_RADIUS = (0.01, 0.028)

# Light: share of pictures with a shadow, its strength, the fall of light across the frame, the exposure.
SHADOWS = 0.4
SHADOW_STRENGTH = (0.2, 0.5)
LIGHT_FALL = 0.3
EXPOSURE = (0.8, 1.1)

# Camera: share of blurred pictures, blur in pixels for each 100 pixels of short side, grain in grey levels.
BLURRED = 0.25
BLUR = (0.2, 0.5)
GRAIN = (0, 7)
