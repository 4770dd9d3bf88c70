"""Slices are made of what is known of an image, and say which images they have."""

import numpy as np
import pandas as pd

from alexnet_pipe.evaluation.slices import BINS, FEWEST, appearance, image_properties, slices_of
from tests.stores import random_store


def table(images: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"actual": ["cat", "dog"] * (images // 2), **columns})


def test_brightness_and_sharpness_are_measured() -> None:
    black, white, stripes, wide = np.zeros((4, 256, 256, 3), np.uint8)
    white[:] = 255
    stripes[:, ::2] = 200
    wide[:, :128] = 200
    brightness, sharpness = appearance(np.stack([black, white, stripes, wide]))
    np.testing.assert_allclose(brightness, [0, 255, 100, 100], atol=0.5)
    np.testing.assert_allclose(sharpness[:2], 0)
    assert sharpness[2] == 400  # Each pixel is 200 away from both of its neighbours.
    assert 0 < sharpness[3] < 30


def test_a_store_has_the_properties_of_all_its_images() -> None:
    store = random_store(130)
    found = image_properties(store)
    assert list(found) == ["brightness", "sharpness"]  # This one does not know how large its photographs were.
    np.testing.assert_allclose(found.to_numpy().T, appearance(store.gather(range(130))))
    store.rows["width"], store.rows["height"] = range(130), 7
    assert image_properties(store)[["width", "height"]].to_numpy().tolist() == [[n, 7] for n in range(130)]


def test_a_measure_is_cut_where_the_quarters_end_and_its_names_say_so() -> None:
    slices = slices_of(table(160, brightness=np.arange(160), width=400, height=np.arange(301, 461)))
    named = {name: members.tolist() for (kind, name), members in zip(slices.names, slices.members, strict=True)}
    assert named["mean grey up to 40 (darkest)"] == list(range(41))
    assert named["mean grey over 40 up to 80"] == list(range(41, 81))
    assert named["mean grey over 119 (brightest)"] == list(range(120, 160))
    assert named["short side up to 341 px (smallest)"] == list(range(41))
    assert named["width / height over 1.17 (widest)"] == [n for n in range(160) if 400 / (301 + n) > 1.17]
    assert named["class cat"] == list(range(0, 160, 2))
    for kind in ("brightness", "short side", "aspect"):
        places = [members for (of, _), members in zip(slices.names, slices.members, strict=True) if of == kind]
        assert sorted(np.concatenate(places)) == list(range(160))
        assert 2 <= len(places) <= BINS


def test_what_is_not_known_or_too_few_is_said_and_not_guessed() -> None:
    slices = slices_of(table(80, width=256, height=256, sharpness=[np.nan, *range(79)]))
    assert slices.left_out == {
        "short side": "all images are alike",
        "aspect": "all images are alike",
        "brightness": "not known of these images",
        "sharpness": "not known of these images",
    }
    assert [kind for kind, _ in slices.names] == ["class", "class"]
    few = slices_of(table(30, brightness=range(30)))
    assert few.left_out["class"] == f"fewer than {FEWEST} images: class cat, class dog"
    assert few.left_out["brightness"] == "30 images are too few to divide"
    assert few.names == []


def test_files_of_a_source_are_slices_where_there_are_several() -> None:
    of_files = [name for kind, name in slices_of(table(80, container=["a.tar", "b.tar"] * 40)).names if kind == "file"]
    assert of_files == ["file a.tar", "file b.tar"]
    for containers in (["a.zip"] * 80, [f"{n}.parquet" for n in range(80)]):
        assert {kind for kind, _ in slices_of(table(80, container=containers)).names} == {"class"}
