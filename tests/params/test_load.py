"""A mistake in `params.yaml` is one line that names the key and what it should be."""

from pathlib import Path
from typing import get_args

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.load import Params, load_params


def complaint(tmp_path: Path, text: str) -> str:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_params(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def test_what_is_not_set_is_as_published(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("train:\n  batch_size: 7\n")
    params = load_params(path)
    assert params.train.batch_size == 7
    assert (params.train.learning_rate, params.train.momentum, params.train.weight_decay) == (0.01, 0.9, 0.0005)
    assert (Params().train.batch_size, Params().train.cuts, Params().train.max_epochs) == (128, 3, 90)
    assert (Params().model.variant, Params().model.width, Params().model.initialisation) == ("paper", 1.0, "paper")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "train:\n  learning_rat: 1",
            "train.learning_rat is not a known parameter; did you mean train.learning_rate?",
        ),
        ("trian:\n  seed: 1", "trian is not a known parameter; did you mean train?"),
        (
            "train:\n  freeze: [conv9]",
            "train.freeze.0 is 'conv9': input should be 'conv1', 'conv2', 'conv3', 'conv4', "
            "'conv5', 'fc6', 'fc7' or 'fc8'",
        ),
        ("train:\n  freeze: [conv1]\n  train_only: [fc8]", "train: set freeze or train_only, not both"),
        (
            "train:\n  freeze: [conv1, conv2, conv3, conv4, conv5, fc6, fc7, fc8]",
            "train: freeze names all layers: leave one to train",
        ),
        (
            "train:\n  train_only: [fc8]\n  learning_rate_multipliers: {fc7: 2.0}",
            "train: learning_rate_multipliers names fc7, whose weights are frozen",
        ),
        ("train:\n  init_sha256: abc", "train.init_sha256 is 'abc': expected 64 lower-case hexadecimal digits"),
        (
            "train:\n  crop_area: 0.2\n  random_crops: false",
            "train: crop_area makes random crops, and random_crops is false: leave one out",
        ),
        ("train:\n  mixup: 0.001", "train.mixup is 0.001: expected 0, which turns it off, or at least 0.01"),
        ("train:\n  label_smoothing: 1.0", "train.label_smoothing is 1.0: input should be less than 1"),
        ("train:\n  crop_area: 0.0", "train.crop_area is 0.0: input should be greater than or equal to 0.01"),
        ("train:\n  batch_size: many", "train.batch_size is 'many': input should be a valid integer"),
        ("train:\n  batch_size: 0", "train.batch_size is 0: input should be greater than or equal to 1"),
        ("train:\n  batch_size: '64'", "train.batch_size is '64': input should be a valid integer"),
        (
            "model:\n  variant: batch-normalization\ntrain:\n  batch_size: 1",
            "train.batch_size is 1: model.variant batch-normalization takes each batch's mean away, and learns nothing",
        ),
        ("resize:\n  policy: stretch", "resize.policy is 'stretch': input should be 'crop', 'squash' or 'torchvision'"),
        ("resize:\n  background: whit", "resize.background is 'whit': unknown color specifier: 'whit'"),
        ("dataset:\n  source: directory", "dataset: `source: directory` needs `location`"),
        ("dataset:\n  location: x", "dataset: `source: sample` has no `location` but `hard`"),
        (
            "dataset:\n  source: kaggle\n  location: cats",
            "dataset: `location: cats` is no data set of Kaggle: OWNER/NAME",
        ),
        ("dataset:\n  source: kaggle", "dataset: `source: kaggle` needs `location`: OWNER/NAME/versions/N"),
        ("dataset:\n  source: url\n  location: ftp://x/a.zip", "dataset: `location: ftp://x/a.zip` is no address"),
        ("dataset:\n  source: url\n  location: http://x/a.zip", "dataset: `sha256` goes with `source: url`"),
        ("dataset:\n  sha256: ABC", "dataset.sha256 is 'ABC': expected 64 lower-case hexadecimal digits"),
        ("dataset:\n  copy: false", "dataset: `copy: false` reads a source where it lies, and `source: sample` has"),
        ("resize:\n  max_pixels: 0", "resize.max_pixels is 0: input should be greater than or equal to 1"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(tmp_path: Path, text: str, expected: str) -> None:
    assert complaint(tmp_path, text).startswith(expected)


def test_two_mistakes_are_both_named(tmp_path: Path) -> None:
    message = complaint(tmp_path, "train:\n  seed: x\nmodel:\n  width: 0")
    assert "train.seed" in message
    assert "model.width" in message


def test_broken_yaml_and_other_content_are_named(tmp_path: Path) -> None:
    assert "params.yaml is not valid YAML" in complaint(tmp_path, "train: [")
    assert "expected sections" in complaint(tmp_path, "- a list")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("train:\n  max_epochs:2\n", "line 2: `max_epochs:2` needs a space behind the colon"),
        ("train:\n  seed: 1\n  max_epochs:2\n", "line 3: `max_epochs:2` needs"),
        ("train:\n  max_epochs:2\n  seed: 1\n", "line 2: `max_epochs:2` needs"),
        ("train: {max_epochs:2}\n", "line 1: `max_epochs:2` needs"),
        ("train: 5\n", "train is 5: its settings go below it, indented, a line each"),
    ],
)
def test_a_colon_without_a_space_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=told):
        load_params(tmp_path / "params.yaml")


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run from the project's top folder"):
        load_params(tmp_path / "params.yaml")


def test_a_digest_that_begins_with_a_digit_is_no_long_number(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    digest = "06d38b54a10f517f7ba1d66698e3e7aa1f9f16aacdfafb5c0cfb8b952ea63ac0"
    path.write_text(f"train:\n  init_weights: models/bvlc.keras\n  init_sha256: {digest}")
    assert load_params(path).train.init_sha256 == digest


def bomb(levels: int) -> str:
    lines = [f"  - &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "\n".join(["train:", "  - &a0 [x, x]", *lines])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (bomb(9), ": line 3, column 10: *a0 repeats more than a single value: write it out"),
        ("train: &t\n  freeze: *t", ": line 2, column 11: *t repeats more than a single value"),
        ("train: " + "[" * 5000 + "]" * 5000, ": line 1, column 17: nested more than 10 deep"),
        ("- " * 50 + "x", ": line 1, column 21: nested more than 10 deep"),
        ("train:\n  seed: " + "9" * 5000, ": line 2, column 9: a number of 5,000 characters: no parameter is"),
        ("train:\n  seed: 0x" + "f" * 300, ": line 2, column 9: a number of 302 characters"),
        (
            "train: !!python/object/apply:os.getcwd []",
            ": line 1, column 8: the tag tag:yaml.org,2002:python/object/apply",
        ),
        ("train:\n  seed: !!binary AA==", ": line 2, column 9: the tag tag:yaml.org,2002:binary asks for more"),
        ("train:\n  seed: 1\n  seed: 2", ' is not valid YAML: line 3, column 3: found duplicate key "seed"'),
        ("train:\n  seed: 2001-99-99", " is not valid YAML: month must be in 1..12"),
        ("train: \x07", " is not valid YAML: unacceptable character"),
        ("#\n" * 20_000, " has more than 32,768 bytes"),
        ("train:\n  learning_rate: 1e400", ": train.learning_rate is inf: input should be a finite number"),
        (
            "train:\n  learning_rate: 1e39",
            ": train.learning_rate is 1e+39: input should be less than or equal to 1000000",
        ),
        ("resize:\n  max_rejected: .nan", ": resize.max_rejected is nan: input should be a finite number"),
        (
            "train:\n  max_epochs: 99999999999999999999",
            ": train.max_epochs is 99999999999999999999: input should be less",
        ),
        ("train:\n  learning_rate_multipliers: {conv1: .inf}", ": train.learning_rate_multipliers.conv1 is inf: "),
        ('train:\n  "\\e[31m": 1', r": train.\x1b[31m is not a known parameter"),
        ("train:\n  freeze: [" + "x, " * 5000 + "]", ": train.freeze.0 is 'x': "),
    ],
)
def test_hostile_yaml_is_one_short_line_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_params(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{expected}")
    assert message.isprintable()
    assert len(message) < len(str(path)) + 1200


def test_an_alias_of_a_single_value_is_that_value(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("train:\n  learning_rate: &rate 0.5\n  momentum: *rate\n")
    assert load_params(path).train.momentum == 0.5


def test_what_is_no_text_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xff\xfe\0\0")
    with pytest.raises(UserError, match=r"params\.yaml is not text in UTF-8 \(byte 1\)"):
        load_params(path)
    path.write_bytes("\ufefftrain: {}\n".encode())
    load_params(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(UserError, match=r"params\.yaml is no file"):
        load_params(path)


@pytest.mark.parametrize("source", sorted({*get_args(DatasetParams.model_fields["source"].annotation)} - {"sample"}))
def test_every_source_says_what_its_location_is(tmp_path: Path, source: str) -> None:
    assert f"`source: {source}` needs `location`: " in complaint(tmp_path, f"dataset: {{source: {source}}}\n")
