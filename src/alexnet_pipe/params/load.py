"""Read and check `params.yaml`; see that the files which it names are there, before anything is removed or started."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError, model_validator
from ruamel.yaml import YAML

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts, home
from alexnet_pipe.base.terminal import printable, shortened
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.model import VARIANTS, ModelParams
from alexnet_pipe.params.plain_yaml import LARGEST, read_plain
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.params.section import Section
from alexnet_pipe.params.train import TrainParams, initial_weights

_LONGEST = 80
"""Characters that are shown of what somebody wrote."""


class Params(Section):
    """The whole configuration; a stage is given only the sections that it names."""

    dataset: DatasetParams = DatasetParams()
    resize: ResizeParams = ResizeParams()
    model: ModelParams = ModelParams()
    train: TrainParams = TrainParams()
    promotion: PromotionParams = PromotionParams()

    @model_validator(mode="after")
    def _batches_have_statistics(self) -> "Params":
        if self.train.batch_size == 1 and VARIANTS[self.model.variant].normalization == "batch":
            raise ValueError(
                f"train.batch_size is 1: model.variant {self.model.variant} takes each batch's mean away, and learns "
                "nothing of single images; set 2 or more"
            )
        return self


def load_params(path: Path) -> Params:
    """The configuration in `path`.

    Raises:
        UserError: naming the file, the key, what it should be, and for an unknown key the nearest known one.
    """
    try:
        return check_params(read_yaml(path), str(path))
    except UserError:
        if found := _without_space(path):
            raise UserError(f"{path}: {found}") from None
        raise


def check_params(content: Mapping[str, Any], where: str) -> Params:
    """`content` as typed sections; `where` opens every complaint."""
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        problems = [_explain(problem) for problem in error.errors()]
        raise UserError(f"{where}: {shortened(problems, '; ')}") from None


def read_yaml(path: Path) -> Any:
    """A YAML mapping with its comments, so that it can be written back."""
    try:
        content = read_plain(path, yaml())
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run from the project's top folder") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected sections ({', '.join(Params.model_fields)}), found {shown(content)}")
    return content


def yaml() -> YAML:
    """A YAML reader and writer that keeps comments, quotes and order."""
    handler = YAML()
    handler.preserve_quotes = True
    handler.width = 120
    handler.indent(mapping=2, sequence=4, offset=2)
    return handler


def shown(value: object) -> str:
    """A value that somebody wrote, short and without what could steer a terminal."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def known_keys() -> list[str]:
    """Every parameter as `section.key`."""
    return [f"{name}.{key}" for name, section in Params() for key in type(section).model_fields]


def nearest(name: str) -> str:
    """A hint at the known parameter most like `name`, or at all of them."""
    section, dot, key = name.partition(".")
    candidates = known_keys() if dot else list(Params.model_fields)
    beside = [known.partition(".")[2] for known in candidates if known.startswith(f"{section}.")]
    close = difflib.get_close_matches(key, beside, n=1, cutoff=0.6)
    short = sorted((each for each in beside if _abbreviates(key, each)), key=len)
    match = [f"{section}.{each}" for each in short + close]
    match += difflib.get_close_matches(name, candidates, n=1, cutoff=0.8)
    known = [f"{section}.{each}" for each in beside] or candidates
    return f"did you mean {match[0]}?" if match else f"known are {', '.join(known)}"


def _abbreviates(short: str, name: str) -> bool:
    """Whether `short` is the initials of `name`, as in lr, or one of its words, as in epochs."""
    words = name.split("_")
    return short in ("".join(word[:1] for word in words), *words)


def _without_space(path: Path) -> str | None:
    """The first setting whose colon has no space behind it, which YAML takes for a word."""
    keys = {key.partition(".")[2] for key in known_keys()}
    if not path.is_file():
        return None
    with path.open("rb") as file:
        lines = file.read(LARGEST).decode("utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        for key, value in re.findall(r"\b(\w+):([\w.+-]+)", line.partition("#")[0]):
            if key in keys:
                return f"line {number}: `{key}:{value}` needs a space behind the colon"
    return None


def _explain(problem: Any) -> str:
    name = printable(".".join(map(str, problem["loc"])))[:_LONGEST]
    if problem["type"] == "extra_forbidden":
        return f"{name} is not a known parameter; {nearest(name)}"
    if problem["type"] == "model_type":
        return f"{name} is {shown(problem['input'])}: its settings go below it, indented, a line each"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] in ("value_error",) and isinstance(problem["input"], dict):
        return f"{name}: {message}" if name else message
    return f"{name} is {shown(problem['input'])}: {message[0].lower()}{message[1:]}"


def checked_params(path: Path) -> Params:
    """The configuration in `path`, whose files are there.

    Raises:
        UserError: as `load_params` and `require_named_files`.
    """
    params = load_params(path)
    require_named_files(path.parent, params)
    return params


def require_named_files(root: Path, params: Params) -> None:
    """Look for what the settings of the project `root` name.

    Raises:
        UserError: if the data set or the first weights are not there, or if a run would remove them.
    """
    _require_location(root, params.dataset)
    initial_weights(Artifacts(root), params.train)


def _require_location(root: Path, dataset: DatasetParams) -> None:
    if dataset.source in ("directory", "imagenet"):
        path = root / home() / os.path.expanduser(dataset.location or "")  # noqa: PTH111
        if not path.exists():
            seen_from = (root / home()).resolve()
            raise UserError(f"dataset.location: {dataset.location} does not exist (seen from {seen_from})")
