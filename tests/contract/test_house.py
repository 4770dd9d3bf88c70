"""The house stays one that a newcomer finds the way in: full rooms, each with a name of its own, and none too long."""

import re
import statistics
from pathlib import Path

import pytest

from benchmarks.house import Module, classes_written_into, modules, names_of_two, written_modules

_WRITTEN = re.compile(r"environ(\[[^]]*\] = | \|= |\.(update|setdefault|pop)\()|del os\.environ")


@pytest.fixture(scope="module")
def found() -> list[Module]:
    return written_modules(modules("src", "flows"))


def test_modules_are_full_and_none_is_long(found: list[Module]) -> None:
    # Not their number, which grows with what there is to do: a new subject may have rooms, a subject no closets.
    assert statistics.mean(module.lines for module in found) >= 125
    assert 70 <= statistics.median(module.lines for module in found) <= 125
    assert [str(module.path) for module in found if module.lines > 250] == []


def test_functions_are_short(found: list[Module]) -> None:
    lengths = [(lines, name) for module in found for name, lines in module.functions()]
    assert statistics.median(lines for lines, _ in lengths) < 20
    assert [name for lines, name in lengths if lines > 50] == []


def test_a_name_means_one_thing(found: list[Module]) -> None:
    assert dict(names_of_two(found)) == {}


def test_no_class_is_written_into(found: list[Module]) -> None:
    assert classes_written_into(found) == []


def test_the_training_stage_loads_calls_and_saves(found: list[Module]) -> None:
    (stage,) = [module for module in found if module.path.match("stages/train.py")]
    assert stage.lines < 60
    assert len(stage.imported()) < 10


@pytest.mark.parametrize("place", ["project", "promotion", "experiments", "comparison", "service/worker.py"])
def test_what_a_child_needs_is_handed_to_it_and_not_put_into_the_environment(place: str) -> None:
    for module in modules(f"src/alexnet_pipe/{place}"):
        assert [line for line in module.text.splitlines() if _WRITTEN.search(line)] == [], module.path


def test_the_counts_can_tell_a_class_that_is_written_into() -> None:
    text = "class Layer:\n    pass\n\nLayer.form = 1\nother.form = 2\n"
    assert classes_written_into([Module(Path("a.py"), text)]) == ["Layer.form"]
