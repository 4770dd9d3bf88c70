"""What the documents tell people to type is what the command line takes."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from alexnet_pipe.cli import app
from alexnet_pipe.params.load import known_keys

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("conf/**/*.yaml")]
VERB = re.compile(r"alexnet-pipe ([a-z][^`|>;&#\n…]*)")
"""Up to what the shell or the text goes on with."""
NAMED = re.compile(r"`((?:[a-z_]+/)+[\w-]+\.(?:py|j2|yaml|md|service))`")
"""A file of the project, from its root or from the package's."""
EXAMPLES = {
    "models/bvlc_alexnet/readme.md",
    "reporting/X_section.py",
    "conf/experiments/SET.yaml",
    "conf/presets/tuned.yaml",
}
"""Files that somebody may make, or of another project."""


def written() -> list[tuple[str, str]]:
    found = [
        (path.relative_to(ROOT).as_posix(), command.strip().rstrip("\\.,"))
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for command in VERB.findall(path.read_text(encoding="utf-8"))
    ]
    return sorted(set(found))


def complaint(command: str) -> str | None:
    """What the command line says against it; it is parsed, and not run."""
    verb, *arguments = shlex.split(command.replace("[", "").replace("]", ""))
    verbs: dict[str, Any] = typer.main.get_command(app).commands
    if verb not in verbs:
        return f"no verb {verb}"
    try:
        verbs[verb].make_context(verb, arguments)
    except Exception as error:  # Typer has its own copy of click, and of its errors.
        named_only = type(error).__name__ == "MissingParameter" and not arguments
        return None if named_only else str(error)
    keys = [*known_keys(), "section.key"]
    unknown = [name for name in re.findall(r"(?<=\s)([a-z_]+\.[a-z_0-9]+)=", command) if name not in keys]
    return f"no parameter {unknown[0]}" if unknown else None


@pytest.mark.parametrize(("document", "command"), written())
def test_the_command_line_takes_it(document: str, command: str) -> None:
    assert complaint(command) is None, document


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.name != "CHANGELOG.md"], ids=str)
def test_a_file_that_is_named_is_there(document: Path) -> None:
    named = {name for name in NAMED.findall(document.read_text(encoding="utf-8")) if "NAME" not in name} - EXAMPLES
    places = (ROOT, ROOT / "src/alexnet_pipe", document.parent)
    assert [name for name in sorted(named) if not any((place / name).exists() for place in places)] == []


def test_they_are_found() -> None:
    assert len(written()) > 60


@pytest.mark.parametrize("wrong", ["fit photos", "predict photos --colour", "demo --port abc", "set train.lr=1"])
def test_what_it_does_not_take_is_noticed(wrong: str) -> None:
    assert complaint(wrong)
