"""Copies are found by their bytes; what is held out leaves the training set, and everything is listed."""

import hashlib

import numpy as np
import pandas as pd

from alexnet_pipe.preparation.copies import exact_copies, near_copies, without_refused


def manifest(*rows: str) -> pd.DataFrame:
    """`split label sha256` a row; the index starts at 10, so that it is not the position."""
    table = pd.DataFrame([row.split() for row in rows], columns=["split", "label", "sha256"], dtype="str")
    table["sha256"] = table["sha256"].replace("damaged", "")
    table["member"] = [f"{n}.jpg" for n in range(len(table))]
    return table.set_index(pd.RangeIndex(10, 10 + len(table)))


def told(findings: pd.DataFrame) -> list[tuple[int, str, str, str]]:
    return [tuple(row) for row in findings.itertuples(name=None)]


def test_training_images_that_are_held_out_as_well_are_removed() -> None:
    rows = manifest("train cat a", "train cat b", "validation cat b", "test cat a", "train cat a")
    assert told(exact_copies(rows)) == [
        (10, "removed", "duplicate", "same bytes as 3.jpg (cat, test)"),
        (14, "removed", "duplicate", "same bytes as 3.jpg (cat, test)"),
        (11, "removed", "duplicate", "same bytes as 2.jpg (cat, validation)"),
    ]


def test_other_copies_are_noted() -> None:
    rows = manifest("train cat a", "train cat a", "validation cat b", "test cat b")
    assert told(exact_copies(rows)) == [
        (11, "noted", "duplicate", "same bytes as 0.jpg (cat, train)"),
        (13, "noted", "duplicate", "same bytes as 2.jpg (cat, validation)"),
    ]


def test_all_images_with_two_labels_are_noted() -> None:
    findings = exact_copies(manifest("train dog a", "train cat a"))
    assert told(findings[findings["reason"] == "label conflict"]) == [
        (10, "noted", "label conflict", "same bytes, labelled cat, dog"),
        (11, "noted", "label conflict", "same bytes, labelled cat, dog"),
    ]


def test_damaged_members_are_no_copies_of_each_other() -> None:
    assert exact_copies(manifest("train cat damaged", "test cat damaged", "train cat a")).empty


def test_empty_files_are_no_copies_of_each_other() -> None:
    empty = hashlib.sha256().hexdigest()
    assert exact_copies(manifest(f"train cat {empty}", f"test dog {empty}")).empty


def test_copies_of_refused_files_are_refused_as_these_are() -> None:
    rows = manifest("train cat a", "test dog a", "train cat b", "test cat b")
    refused = pd.DataFrame(
        {"outcome": "refused", "reason": "truncated", "detail": "too short"}, index=[11], dtype="str"
    )
    assert told(without_refused(exact_copies(rows), rows, refused)) == [
        (12, "removed", "duplicate", "same bytes as 3.jpg (cat, test)"),
        (10, "refused", "truncated", "too short"),
    ]


def test_near_copies_name_the_first_image_and_leave_equal_bytes_to_the_others() -> None:
    hashes = np.random.default_rng(0).integers(0, 256, (4, 32), dtype=np.uint8)
    hashes[1:] = hashes[0]
    hashes[3] = ~hashes[0]
    rows = manifest("train cat a", "train cat a", "test cat b", "test cat c")
    assert told(near_copies(rows, hashes)) == [(12, "noted", "near-duplicate", "looks like 0.jpg (cat, train)")]
