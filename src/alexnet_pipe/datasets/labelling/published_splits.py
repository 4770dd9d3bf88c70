"""Splits that are published beside photographs: in tables, in text (`train.txt`), in JSON, in CUB's two lists."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_image_name, path_parts
from alexnet_pipe.datasets.folders.folder_names import names_a_split_only, quoted, split_in, words
from alexnet_pipe.datasets.labelling.label_columns import is_split_name
from alexnet_pipe.datasets.labelling.labelled import Files, Labelled, split_above
from alexnet_pipe.datasets.labelling.naming_tables import (
    folder_of,
    is_label_file,
    naming_tables,
    row_splits,
    stem,
    unknown_splits,
)
from alexnet_pipe.datasets.labelling.photograph_names import PhotographNames

_Said = list[tuple[str, str]]
"""What a list or table says: each photograph's member name, and its split."""

_LIST = re.compile(
    r".*\.(txt|lst|list|[ct]sv|jsonl?|xml|ya?ml|mat|np[yz]|pkl|pickle|h5|xlsx?)", re.IGNORECASE | re.DOTALL
)
_SPLIT_WORD = re.compile(
    r"(train(ing|val)?|test(ing)?|val(id(ation)?)?|dev)(set|list|images|ids?)?|splits?|setid|folds?"
)
_MOST_LISTS = 100
"""Of one ending; more of them are annotations of single photographs, as YOLO's `test_0001.txt`."""

_LARGEST_LIST = 50_000_000
"""Bytes of the longest list that is read."""

_FLAGS, _PATHS = "train_test_split.txt", "images.txt"
"""CUB's and NABirds' lists: a photograph's number, and 1 for a training image; the number, and the path."""


def with_published_splits(found: Labelled, files: Files) -> Labelled:
    """`found`, all of it training images, with the splits that are published for it; what is not followed is told."""
    said, remarks = _said(files, found.rows["member"])
    listed = pd.DataFrame(
        [(member, split, name) for name, told in said.items() for member, split in told],
        columns=["member", "split", "list"],
        dtype="str",
    )
    listed = listed[listed["member"].isin(set(found.rows["member"]))]
    in_folders = listed["member"].map(split_above).astype("str") == "train"
    if len(against := listed.loc[in_folders & (listed["split"] != "train"), "list"].unique()):
        remarks.append(f"splits of {quoted(sorted(against))} that are not those of the folders, ignored")
    splits, remark = _followed(_without_unions(listed[~in_folders]), found.rows)
    unread = {*filter(_may_say_splits, files.visible), *said} - {name for name, told in said.items() if told}
    if 0 < len(unread) <= _MOST_LISTS:
        remarks.append(f"splits may be in {quoted(sorted(unread))}, not followed: a table of file_name,split would be")
    remarks += filter(None, [remark])
    return found._replace(rows=found.rows.assign(split=splits), remarks=[*found.remarks, *remarks])


def _followed(listed: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.Series, str]:
    """The split of each row, and a line about where they are from, or why they are not followed."""
    listed = listed.drop_duplicates(["member", "split"])
    where = quoted(sorted(set(listed["list"])))
    said = dict(zip(listed["member"], listed["split"], strict=True))
    splits = pd.Series([said.get(member, "train") for member in rows["member"]], rows.index, dtype="str")
    unlisted = len(rows) - len(said)
    if len(said) < len(listed):
        return rows["split"], f"splits of {where} differ from each other, ignored: keep one of each"
    if untrained := sorted(set(rows["label"]) - set(rows.loc[splits == "train", "label"])):
        return rows["split"], f"splits of {where} leave no training images to {quoted(untrained)}, ignored"
    if set(listed["split"]) <= {"train"}:
        return splits, f"photographs in no list of a split, trained with: {unlisted:,}" if said and unlisted else ""
    return splits, f"splits from {where}" + (f"; in none of these, and trained with: {unlisted:,}" if unlisted else "")


def _without_unions(listed: pd.DataFrame) -> pd.DataFrame:
    """Without what `trainval.txt` says of photographs that another list names."""
    union = listed["list"].str.contains("train_?val", case=False)
    return listed[~union | ~listed["member"].isin(listed.loc[~union, "member"])]


def _said(files: Files, labelled: Iterable[str]) -> tuple[dict[str, _Said], list[str]]:
    """What each table and list says, and a line about each column of splits that is not understood."""
    if not any(is_label_file(name) or _may_be_one(name) for name in files.visible):
        return {}, []
    names = PhotographNames([*{*files.photographs, *labelled}])
    try:
        tables = [table for table in naming_tables(files, names)[0] if not table.doubt]
    except UserError:  # Too many of them, which is told already.
        tables = []
    said = _lists(files, names)
    for table in tables:
        pairs = zip(table.members, row_splits(table.cells, table.name), strict=True)
        known = [(member, split) for member, split in pairs if member and split]
        said |= {table.name: known} if known else {}
    return said, list(unknown_splits(tables))


def _may_say_splits(name: str) -> bool:
    *_, file = path_parts(name)
    stem = file.rpartition(".")[0]
    return bool(_LIST.fullmatch(file)) and any(map(_SPLIT_WORD.fullmatch, words(stem)))


def _lists(files: Files, names: PhotographNames) -> dict[str, _Said]:
    """What each list says, by its name; nothing if most of its entries mean no photograph."""
    lists: dict[str, _Said] = {}
    possible = sorted(filter(_may_be_one, files.visible))
    for read, endings in ((_text, (".txt", ".lst")), (_json, (".json",))):
        found = [name for name in possible if name.lower().endswith(endings)]
        for name in found if len(found) <= _MOST_LISTS else []:
            if files.sizes[name] <= _LARGEST_LIST:
                said = list(read(files, name, names))
                known = [(member, split) for member, split in said if member and split]
                lists |= {name: known if 2 * len(known) > len(said) else []} if said else {}
    return lists


def _may_be_one(name: str) -> bool:
    ending = name.lower().rpartition(".")[2]
    named = name.endswith(_FLAGS) or split_in(stem(name)) is not None
    return ending == "json" or (ending in ("txt", "lst") and named)


def _text(files: Files, name: str, names: PhotographNames) -> Iterator[tuple[str, str]]:
    if name.endswith(_FLAGS):
        paths = dict(_pairs(files, f"{name.removesuffix(_FLAGS)}{_PATHS}"))
        for number, flag in _pairs(files, name):
            yield _meant(paths.get(number, ""), name, names), {"1": "train", "0": "test"}.get(flag, "")
        return
    for line in _lines(files, name):
        cells = (line, *line.rsplit(maxsplit=1)[:1], *re.split(r"[\s,;]", line, maxsplit=1)[:1])
        yield next((member for cell in cells if (member := _meant(cell, name, names))), ""), split_in(stem(name)) or ""


def _json(files: Files, name: str, names: PhotographNames) -> Iterator[tuple[str, str]]:
    try:
        said = list(_texts(json.loads(files.content(name)), split_in(stem(name))))
    except (ValueError, RecursionError):
        return
    paths = [(text, split) for text, split in said if ("/" in text or is_image_name(text)) and "://" not in text]
    meant = [(_meant(text, name, names), split) for text, split in paths or said]
    yield from meant if paths or all(member for member, _ in meant) else ()


def _texts(value: Any, split: str | None) -> Iterator[tuple[str, str]]:
    """Every text and key, with the split that a key above, a key beside (`split`) or its own value says."""
    if isinstance(value, str) and split:
        yield value, split
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, split)
    elif isinstance(value, dict):
        texts = {key: split_in(inner) for key, inner in value.items() if isinstance(inner, str)}
        beside = next((said for key, said in texts.items() if said and is_split_name(key)), split)
        for key, inner in value.items():
            own = split_in(key) if names_a_split_only(key) and not is_image_name(key) else None
            if said := texts.get(key) or beside:
                yield key, said
            yield from _texts(inner, own or beside)


def _meant(cell: str, name: str, names: PhotographNames) -> str:
    """The one photograph that a cell of the list means, or nothing."""
    found = names.find(cell, folder_of(name), None)
    return found[0] if len(found) == 1 else ""


def _pairs(files: Files, name: str) -> Iterator[tuple[str, str]]:
    for line in _lines(files, name) if files.sizes.get(name, _LARGEST_LIST) < _LARGEST_LIST else ():
        number, _, rest = line.partition(" ")
        yield number, rest.strip()


def _lines(files: Files, name: str) -> Iterator[str]:
    return filter(None, map(str.strip, files.content(name).decode("utf-8-sig", "replace").splitlines()))
