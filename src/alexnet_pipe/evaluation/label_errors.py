"""Photographs whose label is probably wrong: confident learning (Northcutt, Jiang, Chuang 2021), by cleanlab.

A classifier that has not seen a photograph says how probable its label is. That classifier is a logistic regression on
fc7, fitted to all photographs of the other folds; the network itself has learned the labels that are in question.
"""

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json, written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import defused
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.evaluation.examples import fc7_batches, spread
from alexnet_pipe.portable.network import Network, open_network
from alexnet_pipe.store.image_store import ImageStore

FOLDS = 5
COMPONENTS = 64
"""Principal components of fc7 that the classifiers see."""

FITTED = 5_000
"""Photographs that the components are found from, evenly spread: of more, fc7 may not fit into memory."""

STRENGTH = 0.01
"""Inverse of the regression's penalty: strong, for it must not bend to single wrong labels."""

MOST_PROBABILITIES = 200_000_000
"""Photographs times classes: 1.6 GB, of which cleanlab needs a few."""

SHOWN = 48
"""Photographs that `metrics/suspects.json` names, for the page."""


class Photographs(NamedTuple):
    """All photographs of a store, split by split.

    Attributes:
        classes: The class names.
        rows: One row a photograph: split, label (a number), container, member, sha256.
        features: float64 `(photographs, up to 64)`, principal components of fc7.
    """

    classes: tuple[str, ...]
    rows: pd.DataFrame
    features: NDArray[np.float64]


def find_label_errors(artifacts: Artifacts) -> pd.DataFrame:
    """Rank all photographs by the quality of their labels; saves `data/suspects.parquet` and `metrics/suspects.json`.

    Returns:
        What `ranked` does.

    Raises:
        UserError: if model or images are missing or do not fit together, or the photographs are too few or too many.
    """
    network = open_network(artifacts.model)
    stores = {split: ImageStore.open(artifacts.images, split) for split in SPLITS}
    classes = stores["train"].classes
    if network.classes != classes:
        raise UserError(f"{artifacts.model} knows other classes than {artifacts.images}: run `dvc repro`")
    photographs = sum(map(len, stores.values()))
    if photographs * len(classes) > MOST_PROBABILITIES:
        raise UserError(
            f"{photographs:,} photographs of {len(classes):,} classes are too many for this: name fewer in "
            "dataset.location"
        )
    table = ranked(all_photographs(network, stores))
    with written_aside(artifacts.suspects) as aside:
        table.to_parquet(aside, index=False)
    save_json(artifacts.suspects_found, {"weights_digest": network.weights_digest, **summary(table)})
    return table


def all_photographs(network: Network, stores: Mapping[str, ImageStore]) -> Photographs:
    """fc7 of the centre view of all photographs, as its principal components."""
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    share = min(1.0, FITTED / sum(map(len, stores.values())))
    found = np.concatenate(list(_fc7(network, stores, share)))
    pca = PCA(min(COMPONENTS, *found.shape), svd_solver="randomized", random_state=0).fit(found)
    parts = [pca.transform(fc7) for fc7 in ([found] if share == 1 else _fc7(network, stores, 1.0))]
    rows = [
        store.rows[["label", "container", "member", "sha256"]].assign(split=split) for split, store in stores.items()
    ]
    features = StandardScaler().fit_transform(np.concatenate(parts).astype(np.float64))
    return Photographs(stores["train"].classes, pd.concat(rows, ignore_index=True), features)


def _fc7(network: Network, stores: Mapping[str, ImageStore], share: float) -> Iterator[NDArray[np.float32]]:
    """Of the share of each split that is asked for, some at a time."""
    for split, store in stores.items():
        yield from fc7_batches(network, store, spread(len(store), ceil(share * len(store))), f"suspects: {split}")


def ranked(photographs: Photographs) -> pd.DataFrame:
    """One row a photograph, the most suspicious first.

    Returns:
        container, member, sha256, split, given (the name of the class that it is labelled with), suspected (that which
        is most probable besides), quality (the probability of the given label), found (whether confident learning
        takes the label for wrong).
    """
    from cleanlab.filter import find_label_issues

    labels = photographs.rows["label"].to_numpy()
    probabilities = out_of_fold(photographs.features, labels, folds(photographs.rows))
    each, names = np.arange(len(labels)), np.array(photographs.classes, dtype=object)
    others = probabilities.copy()
    others[each, labels] = -1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of classes with few photographs, of which it finds none.
        found = find_label_issues(labels, probabilities, n_jobs=1)
    table = photographs.rows[["container", "member", "sha256", "split"]].assign(
        given=names[labels],
        suspected=names[others.argmax(axis=1)],
        quality=probabilities[each, labels],
        found=found,
    )
    return table.sort_values("quality", kind="stable", ignore_index=True)


def out_of_fold(
    features: NDArray[np.float64], labels: NDArray[np.integer], fold: NDArray[np.integer]
) -> NDArray[np.float64]:
    """The probabilities `(n, classes)` that a logistic regression gives each row which was fitted to the other folds.

    Args:
        features: `(n, components)`.
        labels: `(n,)`, 0 to classes - 1.
        fold: `(n,)`, the number of each row's fold.

    Raises:
        UserError: if the other folds of one have one class only.
    """
    from sklearn.linear_model import LogisticRegression

    probabilities = np.zeros((len(labels), int(labels.max()) + 1))
    for number in np.unique(fold):
        here = fold == number
        if len(np.unique(labels[~here])) < 2:
            raise UserError("there are too few photographs to tell wrong labels: at least two of each class are needed")
        classifier = LogisticRegression(C=STRENGTH, max_iter=1000).fit(features[~here], labels[~here])
        probabilities[np.ix_(here, classifier.classes_)] = classifier.predict_proba(features[here])
    return probabilities


def folds(rows: pd.DataFrame) -> NDArray[np.int64]:
    """The fold of each row (label, sha256): equal bytes are in one, and those of a class in as many as can be."""
    once = rows[["label", "sha256"]].drop_duplicates("sha256")
    number = once["sha256"].map(lambda sha256: hashlib.sha256(f"fold {sha256}".encode()).hexdigest())
    rank = number.groupby(once["label"]).rank(method="first").astype(int)
    of_digest = pd.Series(((rank + once["label"]) % FOLDS).to_numpy(), once["sha256"])
    return rows["sha256"].map(of_digest).to_numpy(np.int64)


def summary(table: pd.DataFrame) -> dict[str, Any]:
    """What the page shows of what `ranked` returns: counts by split, and the first of the ranking that were found."""
    found = table[table["found"]]
    return {
        "folds": FOLDS,
        "photographs": {split: int((table["split"] == split).sum()) for split in SPLITS},
        "found": {split: int((found["split"] == split).sum()) for split in SPLITS},
        "suspects": found.head(SHOWN).drop(columns=["container", "found"]).to_dict("records"),
    }


def review_table(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of what `ranked` returns as `alexnet-pipe relabel` takes them: `label` is what each is to become."""
    columns = {"member": "image", "sha256": "sha256", "suspected": "label", "given": "given", "split": "split"}
    table = found[list(columns)].rename(columns=columns).map(defused)
    return table.assign(quality=found["quality"].round(4))
