"""Labels that were made wrong on purpose are ranked first, by classifiers that have not seen them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.evaluation import label_errors
from alexnet_pipe.evaluation.label_errors import Photographs, find_label_errors, folds, ranked, review_table, summary
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.store.store_files import INDEX_FILE
from tests.stages.test_evaluate import with_test_images
from tests.stores import training_folder


def photographs(images: int, wrong: int, classes: int = 5, seed: int = 0) -> tuple[Photographs, np.ndarray]:
    """Classes that overlap somewhat, and which labels are wrong; the others' digests are all different."""
    random = np.random.default_rng(seed)
    true = np.arange(images) % classes
    features = random.normal(size=(images, 8)) + 3.2 * np.eye(classes, 8)[true]
    flipped = random.choice(images, wrong, replace=False)
    labels = true.copy()
    labels[flipped] = (labels[flipped] + random.integers(1, classes, wrong)) % classes
    rows = pd.DataFrame({"label": labels, "split": "train", "container": "a.zip"})
    rows["sha256"] = [f"{n:064x}" for n in range(images)]
    rows["member"] = [f"{n}.jpg" for n in range(images)]
    return Photographs(tuple(f"class {n}" for n in range(classes)), rows, features), flipped


def test_four_in_five_wrong_labels_are_in_the_first_twentieth() -> None:
    known, flipped = photographs(1000, 30)
    table = ranked(known)
    digests = known.rows["sha256"][flipped]
    assert digests.isin(table["sha256"].head(50)).mean() >= 0.8
    assert table["sha256"][table["found"]].isin(digests).mean() >= 0.5
    right = table.set_index("sha256").loc[digests, "suspected"] == [f"class {n % 5}" for n in flipped]
    assert right.mean() >= 0.8


def test_no_photograph_is_judged_by_what_it_has_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    # In a class of its own each is what the classifier has learned it to be, unless it has not seen it.
    known, _ = photographs(60, 0, classes=3)
    labels = known.rows["label"].to_numpy()
    seen: list[set[int]] = []

    class Spy:
        classes_ = np.arange(3)

        def __init__(self, **_: object) -> None:
            pass

        def fit(self, features: np.ndarray, _: np.ndarray) -> "Spy":
            seen.append(set(features[:, 0].tolist()))
            return self

        def predict_proba(self, features: np.ndarray) -> np.ndarray:
            assert not seen[-1] & set(features[:, 0].tolist())
            return np.full((len(features), 3), 1 / 3)

    monkeypatch.setattr("sklearn.linear_model.LogisticRegression", Spy)
    found = label_errors.out_of_fold(known.features, labels, folds(known.rows))
    assert len(seen) == label_errors.FOLDS
    assert (found == 1 / 3).all()


def test_equal_bytes_are_in_one_fold_and_a_class_is_in_as_many_as_can_be() -> None:
    rows = pd.DataFrame({"label": [0] * 7 + [1, 1, 2], "sha256": [*"abcdefg", "a", "h", "i"]})
    found = folds(rows)
    assert found[0] == found[7]
    assert sorted(np.bincount(found[:7], minlength=5)) == [1, 1, 1, 2, 2]


def test_the_folds_do_not_depend_on_the_order() -> None:
    known, _ = photographs(40, 0)
    order = np.random.default_rng(1).permutation(40)
    shuffled = known.rows.iloc[order]
    assert folds(shuffled).tolist() == folds(known.rows)[order].tolist()


def test_a_class_of_one_photograph_is_judged_too() -> None:
    known, _ = photographs(40, 0, classes=2)
    rows = known.rows.assign(label=[*known.rows["label"][:-1], 2])
    table = ranked(Photographs(("a", "b", "c"), rows, known.features))
    assert table["given"].iloc[0] == "c"
    assert table["quality"].iloc[0] == 0


def test_two_photographs_are_too_few() -> None:
    known, _ = photographs(2, 0, classes=2)
    with pytest.raises(UserError, match="too few photographs to tell wrong labels: at least two of each class"):
        ranked(known)


def test_what_the_page_gets_is_the_beginning_of_what_was_found() -> None:
    table = pd.DataFrame(
        {"container": "a", "member": ["x", "y", "z"], "sha256": "0", "split": ["test", "train", "train"]}
        | {"given": "cat", "suspected": "dog", "quality": [0.1, 0.2, 0.3], "found": [True, False, True]}
    )
    told = summary(table)
    assert told["photographs"] == {"train": 2, "validation": 0, "test": 1}
    assert told["found"] == {"train": 1, "validation": 0, "test": 1}
    assert [row["member"] for row in told["suspects"]] == ["x", "z"]


def test_names_in_the_table_for_review_cannot_be_formulas() -> None:
    table = pd.DataFrame({"member": ["=1+1.jpg"], "sha256": "0", "split": "test", "given": "@a", "suspected": "-b"})
    (row,) = review_table(table.assign(quality=0.12345)).to_dict("records")
    assert (row["image"], row["given"], row["label"], row["quality"]) == ("'=1+1.jpg", "'@a", "'-b", 0.1234)


def test_a_project_gets_its_ranking_and_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = training_folder(tmp_path, 40, 8)
    with_test_images(artifacts, 12)
    index = pd.read_parquet(artifacts.images / INDEX_FILE)
    index["sha256"] = [f"{n:064x}" for n in range(len(index))]
    wrong = index["sha256"][[5, 44, 50]].tolist()
    index.loc[[5, 44, 50], "label"] = 1 - index.loc[[5, 44, 50], "label"]
    index.to_parquet(artifacts.images / INDEX_FILE, index=False)
    save_model(artifacts.model, Classifier(["class 0", "class 1"], width=0.05, initialisation="he", seed=1))
    table = find_label_errors(artifacts)
    assert sorted(table["sha256"].head(3)) == sorted(wrong)
    assert pd.read_parquet(artifacts.suspects).equals(table)
    told = load_json(artifacts.suspects_found)
    assert sum(told["photographs"].values()) == 60
    # Of more than are held at once, the components come from some, and all are ranked.
    monkeypatch.setattr(label_errors, "FITTED", 45)
    table = find_label_errors(artifacts)
    assert len(table) == 60
    assert set(wrong) <= set(table["sha256"].head(8))
    monkeypatch.setattr(label_errors, "MOST_PROBABILITIES", 100)
    with pytest.raises(UserError, match="60 photographs of 2 classes are too many for this"):
        find_label_errors(artifacts)


def test_a_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    artifacts = training_folder(tmp_path, 4, 2)
    with_test_images(artifacts, 2)
    save_model(artifacts.model, Classifier(["a", "b"], width=0.05, initialisation="he"))
    with pytest.raises(UserError, match="knows other classes than"):
        find_label_errors(artifacts)
    assert not artifacts.suspects.exists()
