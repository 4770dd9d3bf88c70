"""Settings that are given to a run are checked and written, all or none."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.preset import override_params, parse_overrides

PARAMS = """# Which weights.
train:
  seed: 1  # of everything
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path


def test_a_value_is_written_and_comments_stay(project: Path) -> None:
    override_params(project, {"train.seed": 2})
    text = (project / "params.yaml").read_text()
    assert text.startswith("# Which weights.\ntrain:\n  seed: 2  # of everything\n")


def test_without_overrides_the_file_is_checked_and_stays(project: Path) -> None:
    override_params(project, {})
    assert (project / "params.yaml").read_text() == PARAMS


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"train.seed": 2, "train.sed": 3},
            "the run's params: train.sed is not a known parameter; did you mean train.seed?",
        ),
        (
            {"train": {"seed": 2}},
            "the run's params: train names no parameter; write section.key, as in train.max_epochs",
        ),
        ({"train.seed": "two"}, "the run's params: train.seed is 'two': input should be a valid integer"),
    ],
)
def test_a_wrong_one_is_told_and_nothing_is_written(project: Path, overrides: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as told:
        override_params(project, overrides)
    assert str(told.value) == message
    assert (project / "params.yaml").read_text() == PARAMS


@pytest.mark.parametrize("value", ["[&a [x], *a]", "9" * 5000, "{a: ", "!!binary x", "[" * 50])
def test_a_value_is_bounded_like_the_file(value: str) -> None:
    with pytest.raises(UserError, match=r"^'train\.seed=") as told:
        parse_overrides([f"train.seed={value}"])
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 300
