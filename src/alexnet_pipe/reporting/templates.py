"""Pages and cards from templates, which stand beside the modules that fill them in."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alexnet_pipe.base.terminal import with_interval
from alexnet_pipe.reporting.figures import picture, sharp_picture

_LOADER = PackageLoader("alexnet_pipe", "")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>|~#&!@:$])")


def rendered(template: str, **content: Any) -> str:
    """A template, named by its path in `alexnet_pipe`, filled in; what it misses in `content` is an error."""
    return _environment().get_template(template).render(content)


def template_text(name: str) -> str:
    """A template, or a part of one, as it is written."""
    return _LOADER.get_source(_environment(), name)[0]


def percent(share: float | None, decimals: int = 1) -> str:
    """A share as per cent, not to be broken at a line's end; or a dash."""
    return "–" if share is None else _spaced(f"{share:.{decimals}%}")


def percent_with_interval(share: float | None, interval: Mapping[str, float] | None) -> str:
    """The same with the ends of its interval, `low` and `high`: "12.5 % (11.2 % to 13.9 %)"."""
    return "–" if share is None or interval is None else _spaced(with_interval(share, **interval, form=".1%"))


def count(number: int) -> str:
    """A whole number with commas between thousands."""
    return f"{number:,}"


def points(difference: float) -> str:
    """A difference of two shares in points, with its sign."""
    return f"{100 * difference:+.2f}"


def plain(text: Any) -> str:
    """Text from the world, in which no character means anything to Markdown, on one line."""
    line = " ".join(str(text).split())
    visible = "".join(character if character.isprintable() else "�" for character in line)
    return _MARKDOWN.sub(r"\\\1", visible)


def _spaced(text: str) -> str:
    return text.replace("%", "\u00a0%")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=_LOADER,
        # Names of files and classes are the world's, and may hold markup.
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (percent, percent_with_interval, count, points, plain, picture, sharp_picture)
    environment.filters.update({each.__name__: each for each in filters})
    return environment
