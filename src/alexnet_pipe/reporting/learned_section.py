"""What the network learned: its kernels, what it says of single images, where it looks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from numpy.typing import NDArray

from alexnet_pipe.evaluation.examples import PATCH, PLACES, STEP, spread
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.reporting.class_section import first_guesses
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.statistics.first_kernels import kernel_grid, learned_kernels
from alexnet_pipe.store.image_store import ImageStore

SHOWN, MISTAKES, TIES = 9, 12, 9

COVERED = (PLACES - 1) * STEP + PATCH
"""Height and width of what is hidden at one time or another, in pixels."""

LEAST = 0.01
"""The greatest loss of a map that shows nothing but that there is none."""

# Its lightness falls evenly: it reads the same to the colour-blind and in print.
_COLOURS = colormaps["viridis"]
_GREY = np.array([0.299, 0.587, 0.114])


def learned_section(results: Results, variant: str) -> dict[str, Any]:
    """Kernels, single images and maps of the trained network on the test set, ten views."""
    mistakes = confident_mistakes(results.predictions)
    counts = learned_kernels(results.filters, variant)
    halves = np.split(results.filters, len(counts), axis=-1)
    asked = results.occlusion["label"].to_numpy() == results.test.labels[results.occlusion["image"]]
    right, misled = (results.occlusion.loc[chosen, "image"].tolist() for chosen in (asked, ~asked))
    return {
        "towers": [
            {"picture": kernel_grid(half), "kernels": half.shape[-1], "colour": colour_share(half), "learned": count}
            for half, count in zip(halves, counts, strict=True)
        ],
        "examples": [_example(results, place) for place in spread(len(results.test), SHOWN)],
        "neighbours": neighbour_rows(results, right),
        "mistakes": [_example(results, place) for place in mistakes[:MISTAKES]],
        "mistakes_in_all": len(mistakes),
        "ties": [_example(results, place) for place in near_ties(results.predictions)[:TIES]],
        "occlusion": occlusion_rows(results, right),
        "misled": [
            {**row, "near": near["near"]}
            for row, near in zip(occlusion_rows(results, misled), neighbour_rows(results, misled), strict=True)
        ],
        "chance": agreement_with_chance(results.occlusion),
        "heat_scale": 255 * _COLOURS(np.linspace(0, 1, 256))[None, :, :3].repeat(16, axis=0),
    }


def colour_share(filters: NDArray[np.float32]) -> float:
    """Which share of the squared weights is not the same in R, G and B: 0 for kernels that see grey only."""
    colour = filters - filters.mean(axis=2, keepdims=True)
    return float(np.square(colour).sum() / max(1e-12, np.square(filters).sum()))


def confident_mistakes(predictions: pd.DataFrame) -> list[int]:
    """Images whose most probable class is wrong, the most confident first."""
    guesses = first_guesses(predictions)
    return guesses[~guesses["right"]].sort_values("confidence", ascending=False, kind="stable").index.tolist()


def near_ties(predictions: pd.DataFrame) -> list[int]:
    """All images, those first whose two most probable classes are nearly as probable as each other."""
    margin = predictions["top5_probability_ten_view"].map(lambda top: top[0] - top[1])
    return margin.sort_values(kind="stable").index.tolist()


def neighbour_rows(results: Results, images: Sequence[int]) -> list[dict[str, Any]]:
    """These test images, in order, each with the nearest training images by fc7, the nearest first."""
    rows = []
    for image in images:
        near = results.neighbours[results.neighbours["query"] == image].sort_values("distance", kind="stable")
        rows.append({**_named(results.test, image), "near": [_named(results.train, place) for place in near["train"]]})
    return rows


def agreement_with_chance(maps: pd.DataFrame) -> dict[str, list[float]]:
    """The rank correlations of maps with those of networks with random weights, by what is random."""
    columns = {"fc8": maps["random_fc8"].dropna(), "all": maps["random_all"].dropna()}
    return {name: values.tolist() for name, values in columns.items()}


def occlusion_rows(results: Results, images: Sequence[int]) -> list[dict[str, Any]]:
    """These test images, each with its map: yellow where hiding costs the class `said` most of its probability."""
    top, left = CENTRE
    rows = []
    maps = results.occlusion[results.occlusion["image"].isin(images)]
    for image, label, before, hidden in maps[["image", "label", "before", "probability"]].itertuples(index=False):
        pixels, lowest = results.test[image][top : top + COVERED, left : left + COVERED], float(np.min(hidden))
        rows.append(
            {
                "pixels": pixels,
                "map": heat(pixels, before - mean_when_hidden(hidden)),
                "actual": results.test.classes[results.test.labels[image]],
                "said": results.test.classes[label],
                "before": before,
                "lowest": lowest,
                "loss": before - lowest >= LEAST,
                "where": place_in_words(int(np.argmin(hidden))),
            }
        )
    return rows


def mean_when_hidden(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each pixel the mean probability over the places of the square that hide it, `(COVERED, COVERED)`.

    Args:
        probability: `PLACES`² values, row by row.
    """
    sums, counts = np.zeros((COVERED, COVERED)), np.zeros((COVERED, COVERED))
    for number, value in enumerate(probability):
        top, left = (STEP * place for place in divmod(number, PLACES))
        sums[top : top + PATCH, left : left + PATCH] += value
        counts[top : top + PATCH, left : left + PATCH] += 1
    return sums / counts


def heat(pixels: NDArray[np.uint8], loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """RGB in 0–255: the picture in grey under the map, which is stronger where more is lost."""
    share = np.clip(loss / max(LEAST, float(loss.max())), 0, 1)
    grey = (pixels @ _GREY)[..., None]
    weight = 0.3 + 0.45 * share[..., None]
    return (1 - weight) * grey + weight * 255 * np.asarray(_COLOURS(share))[..., :3]


def place_in_words(number: int) -> str:
    """Where the square with this number lies, in thirds of the picture."""
    row, column = (3 * place // PLACES for place in divmod(number, PLACES))
    words = ("at the top", "in the middle", "at the bottom")[row], ("left", "", "right")[column]
    return " ".join(filter(None, words))


def _example(results: Results, place: int) -> dict[str, Any]:
    """One test image with its five most probable classes, ten views."""
    row, names = results.predictions.iloc[place], results.test.classes
    pairs = zip(row["top5_ten_view"], row["top5_probability_ten_view"], strict=True)
    top = [{"name": names[label], "share": float(p), "right": label == row["label"]} for label, p in pairs]
    return {**_named(results.test, place), "member": row["member"], "top": top}


def _named(store: ImageStore, place: int) -> dict[str, Any]:
    return {"pixels": store[place], "actual": store.classes[store.labels[place]]}
