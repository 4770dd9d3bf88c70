"""Whatever happens to the bytes of a table of labels or a Parquet file, it is read or refused in one printable line."""

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labelling.choice import chosen_labels
from alexnet_pipe.datasets.pack import repack
from tests.datasets.labelled_files import files
from tests.hostile.mutations import Mutation, mutations

NAMES = [f"{number}.jpg" for number in range(20)]
CSV = "file_name,label,split\n" + "".join(f'{name},"{"ab"[n % 2]}",train\n' for n, name in enumerate(NAMES))
TABLES = {
    "labels.csv": CSV.encode(),
    "labels.tsv": CSV.replace(",", "\t").encode("utf-16"),
    "metadata.jsonl": "".join(
        f'{{"file_name": "{name}", "label": {n % 2}}}\n' for n, name in enumerate(NAMES)
    ).encode(),
}


def _parquet() -> bytes:
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["a", "b"]}}
    images = [{"bytes": b"\x89PNG%d" % number * 9, "path": None} for number in range(20)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, kind), "label": [number % 2 for number in range(20)]})
    out = io.BytesIO()
    noted = {"huggingface": json.dumps({"info": {"features": features}})}
    parquet.write_table(table.replace_schema_metadata(noted), out)
    return out.getvalue()


PARQUET = _parquet()


def check_error(error: UserError) -> None:
    assert str(error).isprintable()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_original_is_read(name: str) -> None:
    assert len(chosen_labels(files(NAMES, {name: TABLES[name]})).rows) == len(NAMES)


@given(st.sampled_from(sorted(TABLES)), mutations)
def test_a_mutated_table_is_refused_or_labels_photographs_that_are_there(name: str, mutation: Mutation) -> None:
    try:
        found = chosen_labels(files(NAMES, {name: mutation(TABLES[name])}))
    except UserError as error:
        return check_error(error)
    assert set(found.rows["member"]) <= set(NAMES)
    assert found.rows["member"].is_unique
    assert all(label.isprintable() for label in found.rows["label"])
    assert all(map(str.isprintable, [found.origin, *found.remarks]))
    return None


LISTS = {
    "splits.json": json.dumps(
        {"train": [f"{n % 2}/{n}.jpg" for n in range(15)], "test": [["1/15.jpg", 1], "0/16.jpg"]}
    ),
    "train_test_split.txt": "".join(f"{n} {int(n < 15)}\n" for n in range(20)),
}
PATHS = {"images.txt": "".join(f"{n} {n % 2}/{n}.jpg\n" for n in range(20))}


@given(st.sampled_from(sorted(LISTS)), mutations)
def test_a_mutated_list_of_splits_is_followed_or_passed_over_in_printable_lines(name: str, mutation: Mutation) -> None:
    photographs = [f"{n % 2}/{n}.jpg" for n in range(20)]
    found = chosen_labels(files(photographs, {**PATHS, name: mutation(LISTS[name].encode())}))
    assert sorted(found.rows["member"]) == sorted(photographs)
    assert set(found.rows["split"]) <= {"train", "test", "validation"}
    assert all(map(str.isprintable, found.remarks))


@given(mutations)
def test_a_mutated_parquet_file_is_refused_or_read(mutation: Mutation) -> None:
    with TemporaryDirectory() as folder:
        source = Path(folder, "a.parquet")
        source.write_bytes(mutation(PARQUET))
        try:
            repack(source, Path(folder, "packed.zip"))
        except UserError as error:
            check_error(error)
