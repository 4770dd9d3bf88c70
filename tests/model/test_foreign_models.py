"""A model's file is data: it is refused in one line that names it, or it is what this project wrote."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.model_file import load_model
from alexnet_pipe.portable.description import Description
from alexnet_pipe.portable.stored_weights import Places, expected_weights

FIELDS: dict[str, Any] = {
    "classes": ["cat", "\udcff"],
    "variant": "paper",
    "width": 0.01,
    "initialisation": "he",
    "input_scale": 1.0,
    "seed": 1,
    "resize": {"policy": "crop", "background": "white"},
    "name": "classifier",
    "temperature": 1.0,
    "temperature_ten_view": 1.0,
    "summary": {
        "images": 9,
        "held_out": 3,
        "quantiles": {"brightness": [float(n) for n in range(65)]},
        "fc7_mean": [1.0, 2.0],
        "fc7_deviation": [0.5, 0.25],
        "guesses": [0.75, 0.25],
    },
}
SUMMARY: dict[str, Any] = FIELDS["summary"]
FC7 = "layers/alex_net/layers/dense_1/vars"
MEAN = "layers/preprocessing/vars/0"

Change = Callable[[Any], None]


def configuration(**changes: Any) -> dict[str, Any]:
    config = {name: value for name, value in {**FIELDS, **changes}.items() if value is not None}
    return {"class_name": "Classifier", "registered_name": "alexnet_pipe>Classifier", "config": config}


def places(variant: str = "paper") -> Places:
    return expected_weights(Description.model_validate({**FIELDS, "variant": variant}))


def weights(change: Change = lambda file: None, variant: str = "paper") -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        for path, shape in places(variant).values():
            file[path] = np.zeros(shape, np.float32)
        change(file)
    return stream.getvalue()


def keras_file(path: Path, config: object = None, stored: bytes = b"", compression: int = 0, **more: str) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config or configuration()))
        archive.writestr("model.weights.h5", stored)
        for name, text in more.items():
            archive.writestr(name, text)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        load_model(path)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(f"{path} ")
    return str(refused.value)


def test_what_the_project_writes_is_loaded(tmp_path: Path) -> None:
    assert load_model(keras_file(tmp_path / "m.keras", stored=weights())).get_config() == FIELDS


@pytest.mark.parametrize(
    "later", [("temperature", "temperature_ten_view"), ("input_scale", "temperature", "temperature_ten_view")]
)
def test_a_file_from_before_some_fields_is_loaded(later: tuple[str, ...], tmp_path: Path) -> None:
    older = keras_file(tmp_path / "m.keras", configuration(**dict.fromkeys(later)), weights())
    assert load_model(older).get_config() == FIELDS


def test_a_file_from_before_summaries_is_loaded_and_has_none(tmp_path: Path) -> None:
    older = keras_file(tmp_path / "m.keras", configuration(summary=None), weights())
    assert load_model(older).get_config() == {**FIELDS, "summary": None}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"images": 0}, "summary.images: Input should be greater"),
        ({"quantiles": {"brightness": [1.0] * 66}}, "summary.quantiles.brightness: List should have at most 65"),
        ({"quantiles": {"brightness": [1.0, 0.0] + [2.0] * 63}}, "its quantiles do not ascend"),
        ({"quantiles": {"\x1b[2J": [1.0] * 65}}, r"'\x1b[2J' is no quantity"),
        (
            {"quantiles": {"brightness": [float("nan")] * 65}},
            "summary.quantiles.brightness.0: Input should be a finite",
        ),
        ({"fc7_mean": [1.0]}, "fc7 needs a mean and a deviation"),
        ({"fc7_deviation": [0.0, 1.0]}, "fc7 needs a mean and a deviation"),
        ({"fc7_mean": [1.0] * 10_000}, "summary.fc7_mean: List should have at most 64"),
        ({"guesses": [0.5, 0.25]}, "do not sum to 1"),
        ({"guesses": [0.5, 0.25, 0.25]}, "its summary is of other classes"),
        ({"command": "touch x"}, "summary.command: Extra"),
    ],
)
def test_a_summary_that_no_training_makes_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    config = configuration(summary={**SUMMARY, **changes})
    assert told in refusal(keras_file(tmp_path / "m.keras", config, weights()))


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} is no file: name a model's file"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"resize": {"policy": "crop", "background": "white", "max_pixels": 10**12}}, "resize.max_pixels: Extra"),
        ({"resize": {"policy": "crop"}}, "it does not say background"),
        ({"resize": {"policy": "crop", "background": "whit"}}, "resize.background"),
        ({"initialisation": None}, "it does not say initialisation"),
        ({"width": 1e12}, "width: Input should be less than or equal to 4"),
        ({"width": float("nan")}, "width: Input should be a finite number"),
        ({"width": True}, "width: Input should be a valid number"),
        ({"classes": "ab"}, "classes: Input should be a valid list"),
        ({"classes": []}, "classes: List should have at least 1 item"),
        ({"classes": ["a", "a"]}, "two of its classes have one name"),
        ({"seed": -1}, "seed: "),
        ({"name": "a/../b"}, "name: "),
        ({"variant": "vgg"}, "variant: "),
        ({"\x1b[31m": 1}, r"\x1b[31m: Extra"),
        ({"width": 4.0}, "and its network needs "),
    ],
)
def test_a_field_that_no_classifier_has_is_named(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    assert told in refusal(keras_file(tmp_path / "m.keras", configuration(**changes), weights()))


@pytest.mark.parametrize("held", ["Functional", "system", ["x"], None])
def test_another_model_is_told_from_ours_and_not_made(tmp_path: Path, held: Any) -> None:
    config = {"module": "os", "class_name": held, "registered_name": held, "config": {"command": f"touch {tmp_path}/x"}}
    assert "that this project has not made: nothing in it was run" in refusal(keras_file(tmp_path / "m.keras", config))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("[" * 10_000 + "]" * 10_000, "recursion depth"),
        (" " * 2**23 + "{}", "config.json has more than"),
        ("{", "Expecting property"),
    ],
)
def test_a_configuration_is_bounded_before_it_is_read(tmp_path: Path, config: str, told: str) -> None:
    assert told in refusal(keras_file(tmp_path / "m.keras", config, compression=zipfile.ZIP_DEFLATED))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_is_bounded_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    assert "'../x'" in refusal(keras_file(path, stored=weights(), **{"../x": ""}))
    assert "'/x'" in refusal(keras_file(path, stored=weights(), **{"/x": ""}))
    assert "'config.json'" in refusal(keras_file(path, stored=weights(), **{"config.json": "{}"}))
    assert "unknown way" in refusal(keras_file(path, stored=weights(), compression=zipfile.ZIP_LZMA))
    assert "take 20,000,000 bytes" in refusal(keras_file(path, None, bytes(20_000_000)))
    assert "compressed weights, which could swell" in refusal(keras_file(path, None, weights(), zipfile.ZIP_DEFLATED))
    content = bytearray(keras_file(path, stored=weights()).read_bytes())
    content[-10:-6] = struct.pack("<I", 2**30)
    path.write_bytes(content)
    assert "its directory is too large" in refusal(path)


def _replaced(file: Any, name: str, make: Callable[[], object]) -> None:
    del file[name]
    make()


def _numbers(file: Any, **how: Any) -> None:
    _replaced(file, MEAN, lambda: file.create_dataset(MEAN, (256, 256, 3), **how))


def _virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((256, 256, 3), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (256, 256, 3))
    _replaced(file, MEAN, lambda: file.create_virtual_dataset(MEAN, layout))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda file: _replaced(file, FC7, lambda: file.__setitem__(FC7, h5py.ExternalLink("/x", "/x"))),
            "in the file itself",
        ),
        (
            lambda file: _replaced(file, MEAN, lambda: file.__setitem__(MEAN, h5py.SoftLink(f"/{FC7}/0"))),
            "in the file itself",
        ),
        (lambda file: _numbers(file, dtype="f4", external=[("/etc/hostname", 0, 786432)]), "not stored as plain"),
        (_virtual, "not stored as plain"),
        (lambda file: _numbers(file, dtype="f4", chunks=True, compression="gzip"), "not stored as plain"),
        (lambda file: _numbers(file, dtype="f4"), "not stored as plain"),
        (lambda file: _numbers(file, dtype="i4"), "is not float32 of 256×256×3"),
        (lambda file: _numbers(file, dtype=h5py.string_dtype()), "is not float32"),
        (lambda file: _replaced(file, MEAN, lambda: file.create_group(MEAN)), "is not float32"),
        (lambda file: file[MEAN].__setitem__((1, 2, 0), np.nan), "mean has numbers that are not finite"),
        (lambda file: file[f"{FC7}/1"].__setitem__(0, -np.inf), "fc7.1 has numbers that are not finite"),
        (lambda file: file.__delitem__(FC7), "is not in the file itself"),
    ],
)
def test_weights_are_plain_numbers_in_the_file_itself(tmp_path: Path, change: Change, told: str) -> None:
    stored = weights(change)
    stored += bytes(max(0, len(weights()) - len(stored)))
    assert told in refusal(keras_file(tmp_path / "m.keras", stored=stored))


def test_a_variance_below_zero_is_refused(tmp_path: Path) -> None:
    config = configuration(variant="batch-normalization")
    variances = "layers/alex_net/layers/batch_normalization_6/vars/3"
    stored = weights(lambda file: file[variances].__setitem__(0, -1.0), "batch-normalization")
    assert "norm7.3 has variances below zero" in refusal(keras_file(tmp_path / "m.keras", config, stored))
    load_model(keras_file(tmp_path / "m.keras", config, weights(variant="batch-normalization")))


@pytest.mark.parametrize("damaged", [bytes(10), b"PK\x03\x04" + bytes(100), b"\x89HDF\r\n\x1a\n" + bytes(900)])
def test_what_is_no_model_at_all_is_said_to_be(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "m.keras").write_bytes(damaged)
    refusal(tmp_path / "m.keras")
    stored = weights()
    refusal(keras_file(tmp_path / "m.keras", stored=damaged + stored[len(damaged) :]))


def test_pytorchs_archive_is_sent_to_where_it_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    assert "`import-weights`" in refusal(tmp_path / "m.pth")
