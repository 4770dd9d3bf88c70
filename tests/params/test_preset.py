"""A preset is the published settings, changed; writing it keeps the comments."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.load import load_params
from alexnet_pipe.params.preset import describe_presets, preset_params, write_params

TEXT = """\
# The top.
train:
  batch_size: 64   # images a step
  # Before the seed.
  seed: 5
"""


@pytest.fixture
def presets(tmp_path: Path) -> Path:
    folder = tmp_path / "presets"
    folder.mkdir()
    (folder / "small.yaml").write_text("# A small one.\nmodel:\n  width: 0.5\n")
    (folder / "other.yaml").write_text("# Another.\ntrain:\n  seed: 9\n")
    return folder


def test_comments_and_order_stay_and_values_change(tmp_path: Path, presets: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(TEXT)
    changes = write_params(path, preset_params(presets, "small", ["train.seed=7"]))
    lines = path.read_text().splitlines()
    assert lines[:5] == [
        "# The top.",
        "train:",
        "  batch_size: 128  # images a step",
        "  # Before the seed.",
        "  seed: 7",
    ]
    assert {"train.batch_size: 64 -> 128", "train.seed: 5 -> 7", "model.width: null -> 0.5"} <= set(changes)
    assert load_params(path) == preset_params(presets, "small", ["train.seed=7"])
    assert write_params(path, load_params(path)) == []


def test_nothing_of_an_earlier_preset_stays(tmp_path: Path, presets: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(TEXT)
    write_params(path, preset_params(presets, "other"))
    write_params(path, preset_params(presets, "small"))
    assert load_params(path) == preset_params(presets, "small")


def test_values_are_read_as_yaml(presets: Path) -> None:
    params = preset_params(presets, "small", ["dataset.source=directory", "dataset.location=a b/c", "train.cuts=0"])
    assert params.dataset.location == "a b/c"
    assert params.train.cuts == 0


@pytest.mark.parametrize(
    ("name", "override", "expected"),
    [
        ("smal", "train.seed=1", "no preset 'smal'; there are other, small"),
        ("small", "train.sed=1", r"train\.sed is not a known parameter; did you mean train\.seed\?"),
        ("small", "train.seed", "write section.key=value"),
        ("small", "train.seed=x", r"preset small: train\.seed is 'x'"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(presets: Path, name: str, override: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        preset_params(presets, name, [override])


def test_presets_are_listed_with_their_first_line(presets: Path) -> None:
    assert describe_presets(presets).splitlines() == ["other  Another.", "small  A small one."]
