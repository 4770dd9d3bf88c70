"""Which mistakes are worth a map, and whether a map shows what was learned or only the photograph."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from alexnet_pipe.evaluation.examples import Network, occlusion_maps
from alexnet_pipe.evaluation.ten_views import Ranking
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.store.image_store import ImageStore

MISTAKES = 3
"""Images that are wrong, the surest first."""

ASKED_OF_CHANCE = 2
"""Images whose maps are asked of networks with random weights as well."""


def surest_mistakes(ranking: Ranking, labels: NDArray[np.int32], but_for: Sequence[int]) -> list[int]:
    """Up to `MISTAKES` images, places in a store, whose first guess is wrong, the most probable guess first."""
    wrong = np.setdiff1d(np.flatnonzero(ranking.classes[:, 0] != labels), but_for)
    order = np.argsort(-ranking.probabilities[wrong, 0], kind="stable")
    return [int(place) for place in wrong[order][:MISTAKES]]


def asked_of_chance(
    model: Classifier, network: Network, store: ImageStore, maps: pd.DataFrame, mean: NDArray[np.float32]
) -> pd.DataFrame:
    """`maps` and how much the first of them are those of any network (Adebayo et al. 2018).

    `random_fc8` and `random_all` are Spearman's correlations of a map with that of the same photograph by a network
    whose last layer, or all of it, has its weights at random places; NaN where none was asked. A map that showed edges
    of the photograph, whatever was learned, would stay near 1, or -1. `network` is what computes `model`.
    """
    asked = maps.head(ASKED_OF_CHANCE)
    layers = [layer.name for layer in model.network.layers if layer.name.startswith(("conv", "fc"))]
    found = {}
    for column, chosen in (("random_fc8", ["fc8"]), ("random_all", layers)):
        with _shuffled(model, chosen):
            others = occlusion_maps(network, store, asked["image"].tolist(), asked["label"].tolist(), mean)
        pairs = zip(asked["probability"], others["probability"], strict=True)
        found[column] = pd.Series([rank_correlation(*pair) for pair in pairs], asked.index)
    return maps.assign(**found)


@contextmanager
def _shuffled(model: Classifier, layers: Sequence[str]) -> Iterator[None]:
    """Inside the block the weights of `layers` stand at random places, each layer's in its own arrays."""
    draws = np.random.default_rng(0)
    kept = {name: model.network.get_layer(name).get_weights() for name in layers}
    try:
        for name, arrays in kept.items():
            mixed = [draws.permutation(array.ravel()).reshape(array.shape) for array in arrays]
            model.network.get_layer(name).set_weights(mixed)
        yield
    finally:
        for name, arrays in kept.items():
            model.network.get_layer(name).set_weights(arrays)


def rank_correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Spearman's; NaN if one of the two is the same everywhere."""
    ranks = [rankdata(each) - (len(each) + 1) / 2 for each in (first, second)]
    lengths = float(np.prod([np.linalg.norm(each) for each in ranks]))
    return float(ranks[0] @ ranks[1]) / lengths if lengths else float("nan")
