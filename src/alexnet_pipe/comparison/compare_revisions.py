"""What a revision of the project holds of its results, from git and from DVC's cache or remote."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd
from ruamel.yaml import YAML

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.registry import commit_of, is_registered

WORKSPACE = "workspace"
_RESULTS = "evaluate"
_DIGITS = 12
_FILES = Artifacts(Path())


@dataclass(frozen=True)
class Revision:
    """One version of the project.

    Attributes:
        name: As the user calls it.
        files: Its files, a `DVCFileSystem`.
        images: One row a test image: `sha256`, `member`, names of the `actual` and, from ten views, the `predicted`
            class, `probability` of the actual class from ten views, and whether it is `top1`, `top1_ten_view`,
            `top5` and `top5_ten_view` wrong.
        top5: Whether there are enough classes for a top-5 error to say something.
        parameters: The values that the results were made with, by `section.key`.
        digests: The beginning of those of the weights, and of the model and the 256×256 images as DVC knows them.
        code: MD5 of each file and folder of code that they depend on.
    """

    name: str
    files: Any
    images: pd.DataFrame
    top5: bool
    parameters: Mapping[str, Any]
    digests: Mapping[str, str]
    code: Mapping[str, str]


def read_revision(name: str) -> Revision:
    """The results of `name`: "workspace", or a commit, branch, tag, experiment or stage of the model registry.

    Raises:
        UserError: if there is no such revision, or its results cannot be had.
    """
    files = _files_of(name)
    stages = _behind_the_results(_read(files, name, Path("dvc.lock")))
    digests, code = _digests(stages, "outs"), _digests(stages, "deps")
    test, train = (json.loads(_read(files, name, path)) for path in (_FILES.test_metrics, _FILES.train_metrics))
    return Revision(
        name=name,
        files=files,
        images=_images(_read(files, name, _FILES.predictions), _read(files, name, _FILES.confusion)),
        top5=test["top5_error"] is not None,
        parameters=_parameters(stages),
        digests={
            "weights": train["weights_digest"][:_DIGITS],
            **{path: digests[path][:_DIGITS] for path in (str(_FILES.model), str(_FILES.images)) if path in digests},
        },
        code={path: digest for path, digest in code.items() if path.startswith("src/")},
    )


def open_file(files: Any, path: Path) -> IO[bytes]:
    """A file of a revision, open to be read in any order; what lies in a remote is not fetched as a whole.

    Raises:
        OSError: if it is neither in the workspace nor in DVC's cache or remote.
    """
    return files.open(path.as_posix(), "rb")


def _files_of(name: str) -> Any:
    # Slow to import.
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import SCM, RevError

    if not Path("dvc.yaml").exists():
        raise UserError("dvc.yaml is missing: run from the project's top folder")
    try:
        revision = commit_of(SCM("."), name) if is_registered(name) else name
        files = DVCFileSystem(".", rev=None if name == WORKSPACE else revision)
        _ = files.repo  # Opened only now, so that an unknown revision is found out here.
    except RevError:
        raise UserError(
            f"{name} is no revision of this project: `git tag`, `git log --oneline` and `dvc exp list` name them"
        ) from None
    except DvcException as error:
        raise UserError(f"{name} cannot be read: {' '.join(str(error).split())}") from None
    return files


def _read(files: Any, name: str, path: Path) -> bytes:
    get = "`dvc repro` makes it" if name == WORKSPACE else "name a revision in which the pipeline has run"
    if not files.exists(path.as_posix()):
        raise UserError(f"{name} has no {path}: {get}")
    try:
        with open_file(files, path) as file:
            return file.read()
    except OSError:
        raise UserError(
            f"{path} of {name} is neither in DVC's cache nor in its remote: `dvc pull` or `dvc fetch --all-commits` "
            "gets it from a remote that has it"
        ) from None


def _images(predictions: bytes, confusion: bytes) -> pd.DataFrame:
    table = pd.read_parquet(io.BytesIO(predictions))
    names = pd.read_csv(io.BytesIO(confusion), dtype=str, keep_default_na=False)
    wrong = {
        f"top{top}{views}": [
            label not in best[:top] for label, best in zip(table["label"], table[f"top5{views}"], strict=True)
        ]
        for views in ("", "_ten_view")
        for top in (1, 5)
    }
    found = names.assign(
        sha256=table["sha256"], member=table["member"], probability=table["label_probability_ten_view"]
    )
    return found.assign(**wrong)


def _behind_the_results(lock: bytes) -> list[dict[str, Any]]:
    """What `dvc.lock` says of `evaluate` and of all stages that it needs; others may not have followed a change yet."""
    stages = YAML(typ="safe").load(lock)["stages"]
    makers = {out["path"]: stage for stage in stages.values() for out in stage.get("outs", [])}
    found: list[dict[str, Any]] = []
    waiting = [stages[_RESULTS]] if _RESULTS in stages else []
    while waiting:
        stage = waiting.pop()
        if stage not in found:
            found.append(stage)
            waiting += [makers[dep["path"]] for dep in stage.get("deps", []) if dep["path"] in makers]
    return found


def _parameters(stages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sections = [section for stage in stages for section in stage.get("params", {}).get("params.yaml", {}).items()]
    return {f"{name}.{key}": value for name, values in sections for key, value in values.items()}


def _digests(stages: Sequence[dict[str, Any]], kind: str) -> dict[str, str]:
    return {entry["path"]: entry["md5"] for stage in stages for entry in stage.get(kind, []) if "md5" in entry}
