"""Presets: overlays on the paper's settings, written into `params.yaml` with its comments kept."""

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.params.load import Params, check_params, known_keys, load_params, nearest, read_yaml, shown, yaml
from alexnet_pipe.params.plain_yaml import plain_yaml


def preset_names(folder: Path) -> list[str]:
    """All presets in `folder`, sorted.

    Raises:
        UserError: if there are none.
    """
    if names := sorted(path.stem for path in folder.glob("*.yaml")):
        return names
    raise UserError(f"{Path.cwd() / folder} has no presets: run this from the project's folder")


def describe_presets(folder: Path) -> str:
    """Every preset with the first line of its comment, a line each."""
    names = preset_names(folder)
    width = max(map(len, names))
    titles = [(folder / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0].lstrip("# ") for name in names]
    return "\n".join(f"{name:{width}}  {title}" for name, title in zip(names, titles, strict=True))


def preset_params(folder: Path, name: str, overrides: Sequence[str] = ()) -> Params:
    """The paper's settings, changed by the preset, changed by `section.key=value` overrides.

    Raises:
        UserError: for an unknown preset, key or value.
    """
    if name not in preset_names(folder):
        raise UserError(f"no preset {name!r}; there are {', '.join(preset_names(folder))}")
    where = f"preset {name}"
    content = read_yaml(folder / f"{name}.yaml")
    params = check_params({key: dict(section or {}) for key, section in content.items()}, where)
    return overridden(params, parse_overrides(overrides), where)


def save_preset(path: Path, params: Params, about: Sequence[str]) -> None:
    """Write `params` as a preset, that is where they differ from the paper's, below the comment `about`."""
    paper = Params().model_dump()
    content = {
        name: changed
        for name, section in params.model_dump().items()
        if (changed := {key: value for key, value in section.items() if value != paper[name][key]})
    }
    text = StringIO()
    text.writelines(f"# {line}".rstrip() + "\n" for line in about)
    yaml().dump(content, text)
    with written_aside(path) as aside:
        aside.write_text(text.getvalue(), encoding="utf-8")


def parse_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Values by `section.key`, from `section.key=value`; a value is written as in YAML.

    Raises:
        UserError: for what is no such text.
    """
    return dict(map(_parse, overrides))


def overridden(params: Params, overrides: Mapping[str, Any], where: str) -> Params:
    """`params` with other values for some `section.key`; `where` opens every complaint.

    Raises:
        UserError: for an unknown key, or a value that does not fit.
    """
    content = params.model_dump()
    for key, value in overrides.items():
        section, dot, field = key.partition(".")
        if not dot:
            raise UserError(f"{where}: {key} names no parameter; write section.key, as in train.max_epochs")
        if key not in known_keys():
            raise UserError(f"{where}: {key} is not a known parameter; {nearest(key)}")
        content[section][field] = value
    return check_params(content, where)


def write_params(path: Path, params: Params) -> list[str]:
    """Set every parameter in `path` to its value in `params`; returns the changes as `key: old -> new`.

    Comments and order in the file stay; the file is replaced in one step.
    """
    content = read_yaml(path)
    changes = []
    for name, section in params.model_dump().items():
        for key, value in section.items():
            old = content.setdefault(name, {}).get(key)
            if old != value:
                content[name][key] = value
                changes.append(f"{name}.{key}: {_show(old)} -> {_show(value)}")
    text = StringIO()
    yaml().dump(content, text)
    with written_aside(path) as aside:
        aside.write_text(text.getvalue(), encoding="utf-8")
    return changes


def _parse(override: str) -> tuple[str, Any]:
    key, equals, value = override.partition("=")
    if not equals:
        raise UserError(f"{shown(override)} is not an override; write section.key=value, as in train.max_epochs=20")
    return key, plain_yaml(value, YAML(typ="safe"), shown(override))


def _show(value: Any) -> str:
    return "null" if value is None else str(value)


def override_params(root: Path, overrides: Mapping[str, Any]) -> None:
    """Check `params.yaml` of the project `root`, and write `section.key` values into it.

    Raises:
        UserError: for a parameter that is wrong there, or here; then nothing is written.
    """
    path = root / "params.yaml"
    params = load_params(path)
    if overrides:
        write_params(path, overridden(params, overrides, "the run's params"))
