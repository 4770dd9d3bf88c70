"""Sets of configurations that are compared with each other: files in conf/experiments/."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.load import Params, load_params
from alexnet_pipe.params.plain_yaml import read_plain
from alexnet_pipe.params.preset import overridden
from alexnet_pipe.params.section import Section

_SETS = "conf/experiments"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_SEED = "train.seed"


class Configuration(Section):
    """
    Attributes:
        params: Values of `section.key`, where they differ from params.yaml.
        views: Of each test image, whose errors are compared: all ten, or the centre alone.
        claim: What the paper says that it costs: points of error, or words.
    """

    params: dict[str, Any] = Field(default_factory=dict)
    views: Literal[1, 10] = 10
    claim: dict[Literal["top1", "top5"], float | str] = Field(default_factory=dict)


def load_configurations(root: Path, name: str, only: Sequence[str] = ()) -> dict[str, Configuration]:
    """The configurations of `conf/experiments/NAME.yaml`; the first is what the others are compared with.

    All of them, or the first and those in `only`.

    Raises:
        UserError: naming the file.
    """
    names = sorted(path.stem for path in (root / _SETS).glob("*.yaml"))
    if name not in names:
        raise UserError(f"no experiments {name!r} in {_SETS}; there are {', '.join(names)}")
    file = f"{_SETS}/{name}.yaml"
    found = _read(root / file, file)
    for label in (name, *found):
        if not _NAME.fullmatch(label):
            raise UserError(f"{file}: {label!r} is no name here: use lower-case letters, digits and hyphens")
    for label in only:
        if label not in found:
            raise UserError(f"{file} has no configuration {label!r}; there are {', '.join(found)}")
    first = next(iter(found))
    return {label: each for label, each in found.items() if not only or label in (first, *only)}


def all_params(
    root: Path, name: str, configurations: Mapping[str, Configuration], seeds: Sequence[int]
) -> dict[tuple[str, int], Params]:
    """For each configuration of the file `name`, with each seed, all parameters: those of params.yaml, changed.

    Raises:
        UserError: for a parameter or a seed that is wrong.
    """
    if not seeds:
        raise UserError("no seeds: give at least one")
    active = load_params(root / "params.yaml")
    seeded = {seed: overridden(active, {_SEED: seed}, "seeds") for seed in seeds}
    where = f"{_SETS}/{name}.yaml"
    for label, each in configurations.items():
        if _SEED in each.params:
            raise UserError(f"{where}: {label} sets {_SEED}, which the seeds set: take it out")
    return {
        (label, seed): overridden(params, each.params, f"{where}: {label}")
        for seed, params in seeded.items()
        for label, each in configurations.items()
    }


def _read(path: Path, file: str) -> dict[str, Configuration]:
    try:
        found = TypeAdapter(dict[str, Configuration]).validate_python(read_plain(path, YAML(typ="safe"), file))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise UserError(f"{file}: {problems.removeprefix(': ')}") from None
    if not found:
        raise UserError(f"{file} has no configurations: add some")
    return found
