"""Sizes that the paper fixes, told once."""

SIDE = 256
"""Height and width of a stored image and of the mean image, in pixels (section 2)."""

CROP = 227
"""Height and width of the network's input, in pixels; the paper's text says 224, its arithmetic 227."""
