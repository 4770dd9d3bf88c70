"""Labels in tables: what is plain is read and named in one line; what is not is an error that says what to set."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labelling.choice import chosen_labels
from alexnet_pipe.datasets.labelling.label_table import TableLabels
from tests.datasets.labelled_files import files, shown

FOUR = ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
BREED = ["pug", "pug", "boxer", "boxer"]
BREEDS = "id,breed\n1,pug\n2,pug\n3,boxer\n4,boxer\n"


def refused(photographs: list[str], tables: dict[str, str], message: str, column: str | None = None) -> None:
    with pytest.raises(UserError, match=message) as caught:
        TableLabels(column)(files(photographs, tables))
    assert "\n" not in str(caught.value)


def test_a_table_without_rows_is_an_error() -> None:
    refused(FOUR, {"labels.csv": "id,breed\n"}, r"the table 'labels\.csv' has no rows: fill or remove it")


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("labels.csv", BREEDS),
        ("labels.csv", BREEDS.replace(",", ";")),
        ("labels.tsv", BREEDS.replace(",", "\t")),
        ("labels.CSV", "\ufeff" + BREEDS.replace("\n", "\r\n")),
        ("labels.csv", BREEDS.replace("\n", "\r")),
        ("labels.csv", "id,breed\n1.JPG,pug\n2.JPG,pug\n3.Jpg,boxer\n4.jpg,boxer\n"),
        ("labels.csv", "id,breed\n1.0,pug\n2.0,pug\n3.0,boxer\n4.0,boxer\n"),
        ("labels.csv", "id,breed\n001,pug\n002,pug\n003,boxer\n004,boxer\n"),
        ("labels.csv", "file,breed\n1.png,['pug']\n2.png,[pug]\n3.png,boxer\n4.png,boxer\n"),
        *(
            (
                "labels.csv",
                "breed,source_file,number\n"
                + "".join(f"{b},{path.format(n)},0\n" for b, n in zip(BREED, "1234", strict=True)),
            )
            for path in ("https://h/a/{}.jpg?w=64&h=8", "/home/me/x/{}.jpg", r"C:\x\{}.jpg", "https://h/{}%2Ejpg")
        ),
        (
            "labels.csv",
            "breed,note,file_name\n"
            + "".join(f'{b},"a, b\nc {n}",./{n}.jpg\n' for n, b in zip("1234", BREED, strict=True)),
        ),
        (
            "metadata.jsonl",
            "".join(
                f'{{"file_name": "{n}.jpg", "breed": "{b}", "box": [{n}]}}\n'
                for n, b in zip("1234", BREED, strict=True)
            ),
        ),
    ],
)
def test_a_table_of_any_kind_is_read(name: str, table: str) -> None:
    found = TableLabels()(files(FOUR, {name: table}))
    assert shown(found) == ["1.jpg pug train", "2.jpg pug train", "3.jpg boxer train", "4.jpg boxer train"]
    assert found is not None
    assert (found.origin, found.remarks) == (f"{name}, column breed", [])


def test_a_file_with_the_class_beside_each_photograph_is_read_as_webdatasets() -> None:
    found = TableLabels()(files(FOUR, {f"{number}.cls": f"{number // 3}\n" for number in (1, 2, 3, 4)}))
    assert shown(found) == ["1.jpg 0 train", "2.jpg 0 train", "3.jpg 1 train", "4.jpg 1 train"]
    assert found is not None
    assert found.origin == "*.cls, column cls"


@pytest.mark.parametrize("column", ["age", "row", "index", "", "quantity"])
def test_bare_numbers_name_photographs_only_where_the_column_is_called_so(column: str) -> None:
    assert TableLabels()(files(FOUR, {"a.csv": BREEDS.replace("id", column)})) is None


def test_numbers_name_no_photographs_beside_names_of_files() -> None:
    table = "id,image,label\n1,{}4.jpg,a\n2,{}3.jpg,a\n3,{}2.jpg,b\n4,{}1.jpg,b\n"
    assert TableLabels()(files(FOUR, {"a.csv": table.replace("{}", "IMG_")})) is None
    assert shown(TableLabels()(files(FOUR, {"a.csv": table.replace("{}", "")})))[0] == "1.jpg b train"


def test_measures_and_dates_are_no_names_of_files() -> None:
    table = "size,date,label\n1.5,2019/05/1,a\n2.5,2019/05/2,a\n3.5,2019/05/3,b\n4.5,2019/05/4,b\n"
    assert TableLabels()(files(FOUR, {"a.csv": table})) is None


def test_a_table_with_one_column_a_class_is_read_as_isics() -> None:
    table = "image,MEL,NV,UNK\n1,1.0,0.0,0.0\n2,0.0,1.0,0.0\n3,0.0,1.0,0.0\n4,1.0,0.0,0.0\n"
    found = TableLabels()(files(FOUR, {"GroundTruth.csv": table}))
    assert shown(found) == ["1.jpg MEL train", "2.jpg NV train", "3.jpg NV train", "4.jpg MEL train"]
    assert found is not None
    assert found.origin == "GroundTruth.csv, column with the 1 of each row"


def test_one_column_a_split_is_no_class() -> None:
    table = "image,train,test\n1,1,0\n2,0,1\n3,0,1\n4,1,0\n"
    assert TableLabels()(files(FOUR, {"splits.csv": table})) is None


@pytest.mark.parametrize(
    "column", ["region_count", "file_size", "num_counts", "Sex", "Age", "AP/PA", "hospital", "Verified", "source"]
)
def test_counts_and_what_is_said_of_files_regions_and_patients_are_no_labels(column: str) -> None:
    assert TableLabels()(files(FOUR, {"via.csv": f"filename,{column}\n1,7\n2,7\n3,8\n4,8\n"})) is None


@pytest.mark.parametrize("cell", ["?", "TODO", "tbd"])
def test_a_cell_that_waits_for_a_label_has_none(cell: str) -> None:
    found = TableLabels()(files(FOUR, {"labels.csv": BREEDS.replace("4,boxer", f"4,{cell}")}))
    assert shown(found) == ["1.jpg pug train", "2.jpg pug train", "3.jpg boxer train"]


def test_utf_16_with_its_mark_is_read() -> None:
    others = {"labels.csv": BREEDS.encode("utf-16")}
    assert len(shown(TableLabels()(files(FOUR, others)))) == 4


def test_ids_in_parts_of_one_heap_are_found_as_in_ham10000() -> None:
    photographs = [f"HAM_part_{part}/ISIC_{part}{number}.jpg" for part in (1, 2) for number in (1, 2)]
    table = "lesion_id,image_id,dx,dx_type,dataset\n" + "".join(
        f"HAM_{n},ISIC_{n},{dx},histo,x\n" for n, dx in [("11", "nv"), ("12", "mel"), ("21", "nv"), ("22", "mel")]
    )
    found = TableLabels()(files(photographs, {"HAM10000_metadata.csv": table}))
    assert shown(found)[0] == "HAM_part_1/ISIC_11.jpg nv train"


def test_folders_that_differ_in_case_only_are_one() -> None:
    twice = [f"{folder}/{name}" for folder in ("HAM_part_1", "ham_part_1") for name in FOUR]
    assert len(shown(TableLabels()(files(twice, {"labels.csv": BREEDS})))) == 4


def test_the_table_and_photographs_of_each_split_are_told_apart() -> None:
    photographs = [f"{split}/{number}.jpg" for split in ("train", "test") for number in (1, 2)]
    tables = {"train.csv": "id,label\n1,a\n2,b\n", "test.csv": "id,label\n1,b\n2,a\n"}
    found = TableLabels()(files(photographs, tables))
    assert shown(found) == ["test/1.jpg b test", "test/2.jpg a test", "train/1.jpg a train", "train/2.jpg b train"]
    assert found is not None
    assert found.origin == "2 tables (test.csv, …), column label"


def test_metadata_in_each_folder_names_what_lies_beside_it() -> None:
    photographs = [f"data/{split}/{number}.jpg" for split in ("train", "validation") for number in (1, 2)]
    tables = {
        "data/train/metadata.csv": "file_name,label\n1.jpg,a\n2.jpg,b\n",
        "data/validation/metadata.csv": "file_name,label\n1.jpg,b\n2.jpg,a\n",
    }
    assert shown(TableLabels()(files(photographs, tables)))[2:] == [
        "data/validation/1.jpg b validation",
        "data/validation/2.jpg a validation",
    ]


def test_a_column_says_the_split_and_one_that_is_not_understood_is_told() -> None:
    table = "filepaths,labels,class id,data set,partition\n"
    table += "x/1.jpg,a,0,train,0\nx/2.jpg,b,1,train,1\nx/3.jpg,a,0,test,2\nx/4.jpg,b,1,dev,0\n"
    found = TableLabels()(files([f"x/{name}" for name in FOUR], {"sports.csv": table}))
    assert shown(found) == ["x/1.jpg a train", "x/2.jpg b train", "x/3.jpg a test", "x/4.jpg b validation"]
    assert found is not None
    assert found.origin == "sports.csv, column labels"
    for column in ("partition", "is_valid"):
        table = f"id,label,{column}\n1,a,0\n2,b,1\n3,a,0\n4,b,1\n"
        unknown = TableLabels()(files(FOUR, {"labels.csv": table}))
        assert unknown is not None
        assert f"column '{column}' of 'labels.csv' does not say" in unknown.remarks[0]


@pytest.mark.parametrize(
    ("column", "cells", "splits"),
    [
        ("partition", "0012", "train train validation test"),  # CelebA
        ("is_train", ("True", "True", "False", "True"), "train train test train"),
        ("is_training_img", "1101", "train train test train"),  # CUB
        ("test", "0010", "train train test train"),
        ("partition", "0122", "train train train train"),  # More in 2 than in 0: not CelebA's order.
    ],
)
def test_numbers_and_flags_that_plainly_say_a_split_are_read(column: str, cells: Sequence[str], splits: str) -> None:
    table = f"id,label,{column}\n" + "".join(f"{n},{'aabb'[n - 1]},{cells[n - 1]}\n" for n in range(1, 5))
    found = TableLabels()(files(FOUR, {"labels.csv": table}))
    assert found is not None
    assert " ".join(found.rows["split"]) == splits


def test_photographs_without_labels_are_left_out_and_told() -> None:
    tables = {
        "train.csv": "id,label\n1,a\n2,b\n",
        "test.csv": "id\n3\n4\n",
        "sample_submission.csv": "id,label\n3,a\n4,a\n",
    }
    named = TableLabels()(files(FOUR, tables))
    assert shown(named) == ["1.jpg a train", "2.jpg b train"]
    assert named is not None
    assert named.remarks == ["photographs that tables name without a label, left out: 2"]
    in_folder = TableLabels()(
        files(["train/1.jpg", "train/2.jpg", "test/8.jpg"], {"labels.csv": "id,label\n1,a\n2,b\n"})
    )
    assert in_folder is not None
    assert in_folder.remarks == ["photographs of the test split without a label, left out: 1"]


@pytest.mark.parametrize("name", ["test.csv", "sampleSub.csv"])
@pytest.mark.parametrize("placeholder", ["a", "0.5"])
def test_a_form_to_be_filled_in_labels_nothing(name: str, placeholder: str) -> None:
    photographs = ["train/1.jpg", "train/2.jpg", "test/3.jpg", "test/4.jpg"]
    tables = {"train.csv": "id,label\n1,a\n2,b\n", name: f"id,label\n3,{placeholder}\n4,{placeholder}\n"}
    found = TableLabels()(files(photographs, tables))
    assert shown(found) == ["train/1.jpg a train", "train/2.jpg b train"]
    assert found is not None
    assert found.remarks[0] == f"one label in every row of '{name}', as in a form to be filled in: not read"
    assert found.origin == "train.csv, column label"


def test_a_table_with_one_label_that_may_be_a_form_is_refused() -> None:
    tables = {"labels.csv": "id,label\n1,a\n2,b\n", "sample.csv": "id,label\n3,a\n4,a\n"}
    refused(FOUR, tables, r"every row of 'sample\.csv' has the label 'a', as a form to be filled in has: remove it")


def test_a_table_for_each_class_is_no_form() -> None:
    for first in ("a\n2,a", "a\n2,c"):
        tables = {"a.csv": f"id,label\n1,{first}\n", "b.csv": "id,label\n3,b\n4,b\n"}
        assert len(shown(TableLabels()(files(FOUR, tables)))) == 4


def test_a_few_missing_rows_and_photographs_are_told_in_numbers() -> None:
    photographs = [f"{number}.jpg" for number in range(40)]
    table = "id,label\n" + "".join(f"{number},{number % 2}\n" for number in [*range(7), *range(8, 41)])
    found = TableLabels()(files(photographs, {"labels.csv": table}))
    assert found is not None
    assert found.remarks == ["rows without a photograph, left out: 1", "photographs without a row, left out: 1"]


def test_numbers_that_are_those_of_the_photographs_shifted_are_refused() -> None:
    table = "id,label\n" + "".join(f"{number},{number % 2}\n" for number in range(1, 41))
    refused(
        [f"{n:03}.jpg" for n in range(40)], {"a.csv": table}, "it counts from 1, and the photographs from 0: correct"
    )


def test_a_table_with_one_column_a_class_goes_before_what_another_says_of_patients() -> None:
    tables = {
        "truth.csv": "image,MEL,NV\n1,1,0\n2,0,1\n3,0,1\n4,1,0\n",
        "meta.csv": "image,region\n1,a\n2,a\n3,b\n4,b\n",
    }
    found = TableLabels()(files(FOUR, tables))
    assert found is not None
    assert found.origin == "truth.csv, column with the 1 of each row"


def test_measures_are_labels_only_if_asked_for() -> None:
    table = "id,target\n1,0.5\n2,0.5\n3,1.5\n4,1.5\n"
    assert TableLabels()(files(FOUR, {"a.csv": table})) is None
    assert shown(TableLabels("target")(files(FOUR, {"a.csv": table})))[0] == "1.jpg 0.5 train"


def test_lists_are_no_labels_where_something_else_says_the_same() -> None:
    table = "".join(
        f'{{"file_name": "{n}.jpg", "objects": {{"box": [{n % 2}]}}, "number": {n % 2}}}\n' for n in (1, 2, 3, 4)
    )
    found = TableLabels()(files(FOUR, {"metadata.jsonl": table}))
    assert found is not None
    assert found.origin == "metadata.jsonl, column number"


def test_a_table_names_photographs_below_its_own_folder_first() -> None:
    photographs = [f"batch{batch}/images/{name}" for batch in (1, 2) for name in FOUR]
    found = TableLabels()(files(photographs, {f"batch{batch}/labels.csv": BREEDS for batch in (1, 2)}))
    assert len(shown(found)) == 8


def test_what_says_the_same_is_one_label_and_words_go_before_numbers() -> None:
    table = "id,label,category\n1,0,pug\n2,0,pug\n3,1,boxer\n4,1,boxer\n"
    found = TableLabels()(files(FOUR, {"labels.csv": table}))
    assert found is not None
    assert found.origin == "labels.csv, column category"


def test_a_column_with_another_name_is_taken_if_no_other_could_be_it() -> None:
    table = "id,weight,colour\n1,0.5,red\n2,0.7,red\n3,0.1,blue\n4,0.2,blue\n"
    found = TableLabels()(files(FOUR, {"a.csv": table}))
    assert found is not None
    assert found.origin == "a.csv, column colour"
    splits = "id,partition,fold,width\n1,0,0,8\n2,0,1,8\n3,1,0,9\n4,1,1,9\n"
    assert TableLabels()(files(FOUR, {"a.csv": splits})) is None
    for column in ("is_train", "test", "camera", "patient_id", "timestamp", "rating", "predicted_label"):
        assert TableLabels()(files(FOUR, {"a.csv": f"id,{column}\n1,0\n2,0\n3,1\n4,1\n"})) is None, column
    for trait in ("gender", "patient_age", "View"):
        traits = f"id,{trait},tested\n1,m,True\n2,f,True\n3,m,False\n4,f,False\n"
        refused(FOUR, {"a.csv": traits}, f"each of the columns 'tested', '{trait}' may hold the labels")
    captions = "id,text\n1,a cat\n2,a dog\n3,a mat\n4,a bog\n"
    assert TableLabels()(files(FOUR, {"a.csv": captions})) is None


@pytest.mark.parametrize(
    ("table", "labelled"),
    [
        ("id,label\n1,-1\n2,0\n3,1\n4,0\n", "2.jpg 0,3.jpg 1,4.jpg 0"),
        ("id,label\n1,-1\n2,1\n3,-1\n4,1\n", "1.jpg -1,2.jpg 1,3.jpg -1,4.jpg 1"),
        ("id,label\n1,cat\n2,dog\n3,NaN\n4,unlabeled\n", "1.jpg cat,2.jpg dog"),
        ("id,label,Confidence\n1,a,1\n1,b,0\n2,b,1\n2,a,0\n3,a,0\n4,b,0.8\n", "1.jpg a,2.jpg b,4.jpg b"),
    ],
)
def test_a_cell_that_says_that_there_is_no_label_is_none(table: str, labelled: str) -> None:
    found = TableLabels()(files(FOUR, {"labels.csv": table}))
    assert ",".join(shown(found)).replace(" train", "") == labelled


def test_a_column_of_several_one_a_class_is_no_label_if_the_others_happen_to_be_empty() -> None:
    assert TableLabels()(files(FOUR, {"_classes.csv": "id,cat,dog\n1,1,0\n2,0,0\n3,1,0\n4,0,0\n"})) is None


def test_of_two_possible_columns_the_parameter_decides() -> None:
    table = "id,colour,shape\n1,red,big\n2,red,small\n3,blue,big\n4,blue,small\n"
    refused(
        FOUR,
        {"a.csv": table},
        r"'a\.csv': each of the columns 'colour', 'shape' may hold the labels: set dataset\.labels",
    )
    assert shown(TableLabels("shape")(files(FOUR, {"a.csv": table})))[1] == "2.jpg small train"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("1,pug\n2,pug\n3,boxer\n4,boxer\n", "first line of the table 'a.csv' names a photograph"),
        (BREEDS + "1,boxer\n", "1 photographs have more than one label or split, as '1.jpg'"),
        (BREEDS + "5,pug\n6,pug\n", r"rows without a photograph: 2 of 6, more than 5%"),
        ("id,label\n1,a\n2,b\n", r"photographs without a row: 2 of 4, more than 5% \(the first in '3\.jpg'\)"),
        (
            "id,label\n" + "".join(f"{n},{n % 2}\n" for n in range(1, 10)),
            "5 of its 9 photographs are not there: correct",
        ),
        ("id,cat,dog\n1,1,1\n2,0,1\n3,1,0\n4,0,0\n", r"each of the columns 'cat', 'dog' may hold the labels"),
        (
            "id,cat,dog,coat\n1,1,0,m\n2,0,1,m\n3,1,0,f\n4,0,1,f\n",
            "each of the columns 'coat', 'with the 1 of each row' may hold the labels",
        ),
        (
            "id,image,label\n1,4,a\n2,3,b\n3,2,a\n4,1,b\n",
            "'id', 'image' may name the photographs, and not the same ones",
        ),
        ("id,label\n" + '1,"a\n2,b\n', "cannot be read .*EOF inside string"),
        ("id,label\n1,a,b\n2,b,c\n", "cannot be read"),
        ("id,label\n1,caf\xe9\n", "is not in UTF-8"),
        (BREEDS + '1,"a\x1b\nb"\n', "more than one label or split"),
        ("", "cannot be read"),
        ("id,label\n1,a\n" + "a/" * 100_000 + "1,b\n", "rows without a photograph: 1 of 2"),
        ("," * 20_000, "more than 10,000 columns"),
        ("id,label\n" + "1,a\n" * 100_200, "has 100,201 lines for 4 photographs, more than 100,200"),
    ],
)
def test_what_is_doubtful_or_hostile_is_an_error_of_one_line(table: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        TableLabels()(files(FOUR, {"a.csv": table.encode("latin-1")}))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("table", ["[" * 100_000, '{"file_name": "1.jpg"', "[1]\n", '{"a": 1e999}\nnull\n'])
def test_hostile_json_lines_are_an_error_of_one_line(table: str) -> None:
    refused(FOUR, {"a.jsonl": table}, r"'a\.jsonl' cannot be read")


def test_a_table_is_not_read_if_it_is_too_large() -> None:
    found = files(FOUR, {"a.csv": BREEDS})
    with pytest.raises(UserError, match=r"'a\.csv' has more than 200,000,000 bytes"):
        TableLabels()(replace(found, sizes={**found.sizes, "a.csv": 200_000_001}))


def test_a_name_that_two_photographs_have_is_an_error() -> None:
    photographs = [*(f"one/{name}" for name in FOUR), *(f"two/{name}" for name in FOUR)]
    refused(photographs, {"a.csv": BREEDS}, r"'1' may be 'one/1\.jpg' or 'two/1\.jpg'")


def test_a_table_that_cannot_be_read_does_not_hide_one_that_can() -> None:
    found = TableLabels()(files(FOUR, {"a.csv": b"id,x\n1,\xff\n", "labels.csv": BREEDS}))
    assert found is not None
    assert found.origin == "labels.csv, column breed"
    assert found.remarks == ["pets: the table 'a.csv' is not in UTF-8: save it so, or remove it; ignored"]


def test_tables_of_a_cross_validation_say_labels_and_no_splits() -> None:
    photographs = [f"{number}.jpg" for number in range(12)]
    folds = {}
    for fold in range(3):
        of_test = {number for number in range(12) if number % 3 == fold}
        for split in ("train", "test"):
            rows = [f"{n}.jpg,{'ab'[n // 6]}\n" for n in range(12) if (n in of_test) == (split == "test")]
            folds[f"fold{fold}/{split}.csv"] = "file,label\n" + "".join(rows)
    found = chosen_labels(files([f"images/{name}" for name in photographs], folds))
    assert set(found.rows["split"]) == {"train"}
    assert sorted(found.rows["label"]) == ["a"] * 6 + ["b"] * 6
    assert any("differ from each other, ignored" in remark for remark in found.remarks)


def test_a_photograph_in_two_splits_by_mistake_is_an_error() -> None:
    photographs = [f"images/{number}.jpg" for number in range(8)]
    tables = {
        "train.csv": "file,label\n" + "".join(f"{number}.jpg,{'ab'[number % 2]}\n" for number in range(6)),
        "test.csv": "file,label\n" + "".join(f"{number}.jpg,{'ab'[number % 2]}\n" for number in range(5, 8)),
    }
    with pytest.raises(UserError, match="1 photographs have more than one label or split"):
        chosen_labels(files(photographs, tables))
