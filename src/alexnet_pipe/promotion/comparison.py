"""What the promotion asks: the champion and the challenger on the very same test images."""

import pandas as pd

from alexnet_pipe.evaluation.significance import Comparison, paired, same_images


def compare(champion: pd.DataFrame, challenger: pd.DataFrame) -> Comparison | None:
    """The comparison by top-1 errors, or None if the test sets differ.

    Args:
        champion: One row a test image: `sha256`, `actual` and `predicted` class name.
        challenger: The same.
    """
    images = same_images(champion, challenger)
    if len(images) < max(len(champion), len(challenger)):
        return None
    return paired(*(images[f"predicted_{which}"] != images["actual"] for which in ("first", "second")))
