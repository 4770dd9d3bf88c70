"""What names say: the split of a folder, what it is for, whether it is a part; and whether a file is a document."""

import re
from collections.abc import Iterable

from alexnet_pipe.datasets.labels import SPLITS

POINT_THERE = "(of the source `directory`; an archive has to be unpacked first)"
"""What messages add where they ask for another `dataset.location`."""

LABEL_THEM = "put the photographs of each class into a folder of their own, or add a labels.csv of file_name,label"

_SPLIT = re.compile(r"(?:(train|training)|(val|valid|validation)|(test|testing))(?:[-_ ]?set)?", re.IGNORECASE)
_SPLIT_WORD = re.compile(
    r"(?:(train|training|trn)(?:val)?|(val|valid|validation|dev)|(test|testing|tst))(?:set|data|images?|imgs?|list|files)?"
)
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_NUMBER = re.compile(r"\d+|(?<=[\W_])[A-Za-z]$")
_YEAR = r"(?:19|20)\d\d"
_MONTH = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_SHOTS = re.compile(
    rf"{_YEAR}([-_. ]?[01]\d([-_. ]?[0-3]\d)?)?([-_. t].*)?|[0-3]?\d[-_. ][01]?\d[-_. ]{_YEAR}([-_. ].*)?"
    rf"|({_MONTH})([-_. ]?{_YEAR})?|photos from {_YEAR}|(?-i:\d{{3}}[A-Z_]{{5}})",
    re.DOTALL | re.IGNORECASE,
)
"""Folders of a camera's card (JEITA's DCF), as 100CANON; of days, months and years, as 2024-05-17 and `2019 Rome`."""

_PHOTOGRAPHS = re.compile(r"(jpeg)?images?|imgs?|photos?|photographs?|pictures?|pics|rgb|jpe?gs?")
_ANNOTATIONS = re.compile(
    r"annotations?|annots?|masks?|labels?|trimaps?|segmentations?|ground|truth|groundtruth|gt|b?box(es)?|xmls?|meta|metadata"
    r"|keypoints|landmarks|heatmaps|depth|edges|parts|attributes|imagesets"
)
_UNLABELLED = re.compile(
    r"(un|not? )label(l?ed|s)?|(.* )?(ground ?truth|annotations|segmentations|trimaps|masks)"
    r"|plots?|previews?|thumb(nail)?s?|augmented( (images?|data))?|outputs?|results?|samples?"
    r"|unsorted|todo|new folder|untitled( folder)?|unclassified|uncategori[sz]ed|te?mp"
    r"|(.* )?(duplicates?|rejects?|rejected|unused|ignored?|backups?)"
    r"|((for|to) )?(test(ing)?|eval(uat(e|ion))?|pred(ict(ions?)?)?|inference)( (samples?|images?|set|data))?"
    r"|hold ?out|unseen|submissions?",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"(.+?)(?:[-_ ]+(?:copy|old|new|backup|bak|extra|aug(?:mented)?|resized|cropped|flipped|rotated)(?: ?\(?\d+\)?)?"
    r"|[-_ ]\d|[ _]?\(\d+\)|\.(?:old|bak)|~)",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"originals?|resized|small|large|thumb(nail)?s?|augmented|aug|cropped|gr[ae]y(scale)?|colou?r|hr|lr|high|low|res|\d+x\d+"
)
_GENERAL = re.compile(r"sets?|data|datasets?|folders?|dir|files|splits?|full|all|raw|\d+|[^\W\d_]")
_PART = re.compile(
    r"parts?|shards?|chunks?|batch(es)?|folds?|folder|dir|subset|split|set|data|dataset|archive|zip|dis[ck]|vol|volume|piece"
    r"|block|section|train|test|val|patient|study|series|case|session"
    r"|videos?|clips?|seq(uence)?s?|frames?|cam(era)?s?|slides?|days?|weeks?|months?|years?|runs?|sites?|hospital|cent(er|re)"
    r"|scanner|location|rolls?|albums?|exports?|uploads?|downloads?"
)
_DOCUMENT = re.compile(
    r"[^.].*\.(txt|md|rst|rtf|[ct]sv|n?djson|jsonl?|xml|ya?ml|toml|ini|cfg|log|html?|css|js|pdf|docx?|odt|xlsx?|ods|pptx?|py"
    r"|ipynb|m|r|sh|bat|sql|db|sqlite|names|lst|mat|np[yz]|pkl|pickle|h5|hdf5|parquet|arrow|feather|zip|tar|t?gz|t?bz2|t?xz"
    r"|7z|rar|md5|sha1|sha256|mp[34]|avi|mov|mkv|wav|flac|pth?|ckpt|onnx|keras|tflite|tfrec(ords?)?)"
    r"|readme|licen[cs]e|copying|changelog|citation|makefile",
    re.IGNORECASE | re.DOTALL,
)


def split_of(folder: str) -> str | None:
    """The split ("train", "validation" or "test") that a folder's name stands for, or None."""
    match = _SPLIT.fullmatch(folder)
    return _named(match) if match else None


def split_in(folder: str) -> str | None:
    """The one split that a word of the name stands for, as in `seg_train` or `ValidationImages`, or None.

    It can be a class as well (`train_station`): only what lies in the folder, and beside it, tells.
    """
    found = {_named(match) for match in map(_SPLIT_WORD.fullmatch, words(folder)) if match}
    return found.pop() if len(found) == 1 else None


def names_a_split_only(folder: str) -> bool:
    """Whether no word of a name with a split says more than that there are photographs, as in `test_images_2`."""
    others = [word for word in words(folder) if not _SPLIT_WORD.fullmatch(word)]
    return split_in(folder) is not None and all(_is_general(word) for word in others)


def stem_of(folder: str) -> list[str]:
    """The words that neither name a split nor are general: of `rps-test-set` it is `rps`."""
    return [word for word in words(folder) if not (_SPLIT_WORD.fullmatch(word) or _is_general(word))]


def holds_photographs_by_name(folder: str) -> bool:
    """Whether a folder is called `images` or the like."""
    return bool(words(folder)) and all(map(_PHOTOGRAPHS.fullmatch, words(folder)))


def holds_annotations_by_name(folder: str) -> bool:
    """Whether a word of the name stands for what is said about photographs, as `masks` and `annotations`."""
    return any(map(_ANNOTATIONS.fullmatch, words(folder)))


def says_marks_only(folder: str, photographs: str) -> bool:
    """Whether a folder's name, which stands for masks or the like, says nothing more than that of the photographs."""
    others = {word for word in words(folder) if not (_ANNOTATIONS.fullmatch(word) or _is_general(word))}
    return others <= {*words(photographs)}


def are_counted(folders: Iterable[str]) -> bool:
    """Whether the names, two at least, have words and differ in numbers only."""
    names = list(folders)
    counted = {_NUMBER.sub("#", name.casefold()) for name in names}
    return len(names) > 1 and len(counted) == 1 and any(map(str.isalpha, *counted))


def are_parts(folders: Iterable[str]) -> bool:
    """Whether the names, two at least, are those of parts that somebody has cut a set into, as `part_1`, `part_2`.

    Numbers alone are classes (`0`, `1`) but for years, and so is what is counted in other words (`Type_1`, `c0`).
    """
    names = list(folders)
    counted = [re.search(r"([^\W\d_]+)[\W_]*(\d+|(?<=[\W_])[A-Za-z])\W*$", _CAMEL.sub(" ", name)) for name in names]
    by_word = all(found and _is_part(found[1].casefold()) for found in counted)
    return (are_counted(names) and by_word) or are_shots(names)


def are_shots(folders: Iterable[str]) -> bool:
    """Whether the names, two at least, are those of days, months or years, or of a camera's card."""
    names = list(folders)
    return len(names) > 1 and all(map(_SHOTS.fullmatch, names))


def are_magnifications(folders: Iterable[str]) -> bool:
    """Whether the names are those of a microscope's magnifications, as `40X`, in which a class may lie."""
    return all(re.fullmatch(r"\d+ ?[xX×]", name) for name in folders)


def are_versions(folders: Iterable[str]) -> bool:
    """Whether the names say no more than that there are photographs, and in which form, as `images`, `images_small`."""
    named = [words(name) for name in folders]
    said = [word for name in named for word in name]
    return (
        len(named) > 1
        and all(_is_general(word) or _VERSION.fullmatch(word) for word in said)
        and any(map(_PHOTOGRAPHS.fullmatch, said))
    )


def is_no_class(folder: str) -> bool:
    """Whether the name says that what lies there has no label (`unlabeled`), or is no photograph (`masks`)."""
    return _UNLABELLED.fullmatch(" ".join(words(folder))) is not None


def is_identifier(folder: str) -> bool:
    """Whether a name is a digest, a UUID, or a DICOM UID."""
    return (
        re.fullmatch(r"(?=.*\d)[0-9a-f]{12,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+(\.\d+){4,}", folder)
        is not None
    )


def copy_of(folder: str) -> str | None:
    """The folder of which this one is a copy or a part by its name, as `dog - Copy` and `dog_2` of `dog`; or None."""
    match = _COPY.fullmatch(folder)
    return match[1] if match else None


def may_be_photograph(file: str) -> bool:
    """Whether the name is not that of a document; a file without an ending, or with an unknown one, may be one.

    Names are all there is before a source is read; what is no photograph in a class folder is refused by its content.
    """
    return _DOCUMENT.fullmatch(file) is None


def stem_of_file(name: str) -> str:
    """The name of a file without its ending, and without what a mask's adds to that of its photograph."""
    return " ".join(word for word in words(name.rpartition(".")[0]) if not _ANNOTATIONS.fullmatch(word))


def quoted(names: Iterable[str]) -> str:
    """The first three names, for a message."""
    names = [repr(name) for name in names]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def words(folder: str) -> list[str]:
    """The words and numbers of a name, in lower case: `TrainImages_2` has `train`, `images`, `2`."""
    return [word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", folder))]


def _named(match: re.Match[str]) -> str:
    return next(split for split, word in zip(SPLITS, match.groups(), strict=True) if word)


def _is_general(word: str) -> bool:
    return bool(_GENERAL.fullmatch(word) or _PHOTOGRAPHS.fullmatch(word))


def _is_part(word: str) -> bool:
    return bool(_PART.fullmatch(word) or _PHOTOGRAPHS.fullmatch(word))
