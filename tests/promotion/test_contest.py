"""Champion and challenger are compared on the same images, from which the champion has not learned."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.local import LocalFileSystem

from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.significance import Comparison
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.revisions import Revision
from alexnet_pipe.promotion.contest import Contest, IncomparableError, Results, contest, read_results, retested
from alexnet_pipe.store.store_files import RESIZE_FILE
from tests.stores import random_store, write_test_images


def version(test: str, right: str = "", train: str = "", validation: str = "", actual: str = "cat") -> Results:
    """Photographs are letters; those in `right` are predicted right."""
    splits = {"test": test, "train": train, "validation": validation}
    photographs = [(image, label, split) for split, images in splits.items() for image in images for label in LABELS]
    tested = [(image, actual, actual if image in right else "other") for image in test]
    return Results(
        pd.DataFrame(photographs, columns=["sha256", "label", "split"]),
        pd.DataFrame(tested, columns=["sha256", "actual", "predicted"]),
    )


LABELS = ("cat", "dog")


class Champion:
    """Answers "cat" for whatever it is asked, and remembers what that was."""

    def __init__(self, knows: bool = True) -> None:
        self.asked: list[str] = []
        self._knows = knows

    def __call__(self, photographs: Sequence[str]) -> Mapping[str, str]:
        self.asked.extend(photographs)
        return dict.fromkeys(photographs, "cat") if self._knows else {}


def test_errors_and_disagreements_are_counted_in_pairs_whatever_the_order() -> None:
    champion, challenger, ask = version("abcd", right="ab"), version("dcba", right="bcd"), Champion()
    expected = Contest(Comparison(images=4, first_errors=2, second_errors=1, lost=1, won=2), asked=0, left_out=0)
    assert contest(champion, challenger, ask) == expected
    assert not ask.asked


def test_what_the_champion_has_learned_from_is_left_out_and_what_is_new_it_is_asked() -> None:
    champion, ask = version("ab", right="ab", train="tx", validation="v"), Champion()
    found = contest(champion, version("abtvnm", right="abtv", train="x"), ask)
    assert found == Contest(Comparison(images=4, first_errors=0, second_errors=2, lost=2, won=0), asked=2, left_out=2)
    assert ask.asked == ["n", "m"]


def test_a_training_image_that_was_held_out_as_well_was_not_learned_from() -> None:
    found = contest(version("ab", right="ab", train="a"), version("ab", right="ab"), Champion())
    assert found.comparison.images == 2


def test_where_the_champion_cannot_be_asked_the_images_of_its_own_test_remain() -> None:
    found = contest(version("ab", right="a"), version("bcd", right="b"), Champion(knows=False))
    assert found == Contest(Comparison(images=1, first_errors=1, second_errors=0, lost=0, won=1), asked=0, left_out=2)


def test_both_are_held_to_the_label_that_a_photograph_has_now() -> None:
    found = contest(version("ab", right="ab", actual="dog"), version("ab", right="ab", actual="cat"), Champion())
    assert found.comparison.first_errors == 2


def test_a_photograph_that_is_twice_in_the_test_counts_twice() -> None:
    assert contest(version("ab", right="ab"), version("aab", right="b"), Champion()).comparison.lost == 2


def test_another_data_set_cannot_be_compared() -> None:
    with pytest.raises(IncomparableError, match="no test image that it has neither learned from nor can be tested on"):
        contest(version("ab", train="xy"), version("xy"), Champion())


def test_other_classes_cannot_be_compared() -> None:
    champion, challenger = version("ab"), version("ab")
    challenger.photographs["label"] = challenger.photographs["label"].replace("dog", "hen")
    with pytest.raises(IncomparableError, match=r"it has other classes \(new: hen; gone: dog\)"):
        contest(champion, challenger, Champion())


@pytest.fixture
def copy(tmp_path: Path) -> Checkout:
    """A folder with a model and four test images."""
    artifacts, store = Artifacts(tmp_path), random_store(4)
    write_test_images(artifacts, store)
    model = Classifier(["cat", "dog"], width=0.05, initialisation="he")
    fc8 = model.network.get_layer("fc8")
    fc8.kernel.assign(np.zeros(fc8.kernel.shape))
    fc8.bias.assign([0.0, 1.0])
    save_model(artifacts.model, model)
    return Checkout(tmp_path)


@pytest.mark.slow
def test_the_champions_model_is_asked_in_a_process_of_its_own(copy: Checkout) -> None:
    model, photographs = str(Artifacts(copy.root).model), [f"{n:064x}" for n in (3, 1)]
    assert retested(copy, model, photographs) == dict.fromkeys(photographs, "dog")
    save_json(Artifacts(copy.root).images / RESIZE_FILE, {"policy": "squash", "background": "white"})
    assert retested(copy, model, photographs) == {}


def test_what_was_held_together_is_in_the_split_that_it_was_moved_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    artifacts = Artifacts()
    manifest = version("ab", train="cd").photographs.drop_duplicates("sha256")
    artifacts.manifest.parent.mkdir()
    manifest.to_parquet(artifacts.manifest)
    revision = Revision("here", None, LocalFileSystem())
    monkeypatch.setattr("alexnet_pipe.promotion.contest.results_of", lambda _: version("ab").tested)
    assert read_results(revision).photographs.equals(manifest)
    found = manifest.assign(reason=["near-duplicate", "relabelled", "near-duplicate", "duplicate"])
    found.assign(split=["train", "train", "test", "test"]).to_parquet(artifacts.rejected)
    splits = read_results(revision).photographs.set_index("sha256")["split"]
    assert splits.to_dict() == {"a": "train", "b": "test", "c": "test", "d": "train"}
