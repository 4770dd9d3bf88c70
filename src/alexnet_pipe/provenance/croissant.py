"""The data set as programs for machine learning describe it to each other: Croissant 1.0, JSON-LD of MLCommons.

https://docs.mlcommons.org/croissant/docs/croissant-spec.html. It names the tables and repeats none of their rows, so it
is as short for ten million photographs as for ten.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.store.store_files import INDEX_FILE

_VOCABULARY = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references"),
    *("regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
# All of the standard's, used or not: readers take another context for another version.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _VOCABULARY},
    "conformsTo": "dct:conformsTo",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
}
LARGEST = 8 * 10**9
"""Bytes of an archive that is hashed for this; a larger one is not named. Each photograph has its digest anyway."""

_TABLE = "application/x-parquet"

_ARCHIVES = {".zip": "application/zip", ".tar": "application/x-tar"}
_SPLITS = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
_TEXT, _NUMBER = "sc:Text", "sc:Integer"
_PHOTOGRAPHS = {
    "container": (_TEXT, "The archive or folder that has the photograph."),
    "member": (_TEXT, "The photograph's path in it."),
    "label": ([_TEXT, "cr:Label"], "The name of its class."),
    "split": (_TEXT, "train, validation or test."),
    "bytes": (_NUMBER, "Its size."),
    "sha256": (_TEXT, "Of its bytes, hexadecimal; empty if its archive has damaged it."),
}
_IMAGES = {
    "member": (_TEXT, "The photograph's path in its archive or folder."),
    "label": ([_NUMBER, "cr:Label"], "The number of its class."),
    "split": (_TEXT, "train, validation or test."),
    "sha256": (_TEXT, "Of the photograph's bytes, hexadecimal."),
    "width": (_NUMBER, "Of the photograph, in pixels."),
    "height": (_NUMBER, "Of the photograph, in pixels."),
}


def croissant(artifacts: Artifacts, source: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """The data set that was downloaded and prepared, as JSON has it; places are seen from `artifacts.croissant`.

    Args:
        artifacts: Where manifest, store and archive lie; the archive is read for its digest.
        source: What was downloaded: `source`, `location` and `version`.
        classes: Their names, by label number.
    """
    manifest, index = (_file(path, artifacts, _TABLE) for path in (artifacts.manifest, artifacts.images / INDEX_FILE))
    archive = _only_archive(artifacts.source)
    packed = [_file(archive, artifacts, _ARCHIVES[archive.suffix])] if archive else []
    photographs = _rows("photographs", "All that the source has, refused files too.", _PHOTOGRAPHS, manifest)
    images = _rows("images", "Those that are usable, and copies are left out of training.", _IMAGES, index)
    of = {field["@id"]: field for field in images["field"]}
    of["images/split"]["references"] = {"field": {"@id": "splits/name"}}
    of["images/label"]["references"] = {"field": {"@id": "classes/number"}}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": _name(source),
        "description": f"Labelled photographs; source: {source['source']}, version: {printable(source['version'])}.",
        **_known(source),
        "distribution": [manifest, index, *packed],
        "recordSet": [_splits(), _classes(classes), photographs, images],
    }


def _only_archive(source: Path) -> Path | None:
    """The archive with all photographs, if there is one here, of a kind and size that others take."""
    found = sorted(source.iterdir()) if source.is_dir() else []
    usable = len(found) == 1 and found[0].suffix in _ARCHIVES and found[0].stat().st_size <= LARGEST
    return found[0] if usable else None


def _file(path: Path, artifacts: Artifacts, form: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "contentUrl": path.relative_to(artifacts.croissant.parent).as_posix(),
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": form,
        "sha256": file_digest(path),
    }


def _rows(name: str, text: str, columns: Mapping[str, tuple[Any, str]], table: Mapping[str, Any]) -> dict[str, Any]:
    """One record a row of a table."""
    fields = [
        _field(f"{name}/{column}", kind, description=about, source=_column(table, column))
        for column, (kind, about) in columns.items()
    ]
    return {"@type": "cr:RecordSet", "@id": name, "description": text, "field": fields}


def _column(table: Mapping[str, Any], column: str) -> dict[str, Any]:
    return {"fileObject": {"@id": table["@id"]}, "extract": {"column": column}}


def _field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": name, "dataType": kind, **more}


def _classes(names: Sequence[str]) -> dict[str, Any]:
    rows = [{"classes/number": number, "classes/name": name} for number, name in enumerate(names)]
    return _listed("classes", {"classes/number": _NUMBER, "classes/name": _TEXT}, rows)


def _splits() -> dict[str, Any]:
    rows = [{"splits/name": name, "splits/url": url} for name, url in _SPLITS.items()]
    return {**_listed("splits", {"splits/name": _TEXT, "splits/url": "sc:URL"}, rows), "dataType": "cr:Split"}


def _listed(name: str, kinds: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Records that stand here themselves; the first field tells them."""
    fields = [_field(each, kind) for each, kind in kinds.items()]
    return {"@type": "cr:RecordSet", "@id": name, "key": {"@id": next(iter(kinds))}, "field": fields, "data": rows}


def _name(source: Mapping[str, Any]) -> str:
    location = printable(source["location"] or "").split("/versions/")[0]
    return location if source["source"] == "kaggle" else f"alexnet-pipe-{source['source']}"


def _known(source: Mapping[str, Any]) -> dict[str, Any]:
    if source["source"] == "kaggle":
        return {"url": f"https://www.kaggle.com/datasets/{_name(source)}"}
    return {
        "sample": {"license": "https://spdx.org/licenses/MIT.html"},
        "imagenet": {"url": "https://www.image-net.org/", "license": "https://www.image-net.org/download.php"},
    }.get(source["source"], {})
