"""A bundle is enough by itself: its program says what the network says, where nothing of this project is."""

import csv
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from alexnet_pipe.exporting import Format, standalone
from alexnet_pipe.exporting.write_export import write_export
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.serving.named_files import prepared
from tests.exporting.test_export import CLASSES, classifier
from tests.preparation.photographs import landscape

POLICIES = ("crop", "squash", "torchvision")


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    """A large JPEG, an upright one that lies on its side, a transparent PNG, a small GIF with a palette."""
    paths = [tmp_path / name for name in ("large.jpg", "turned.jpg", "clear.png", "small.gif")]
    landscape(1500, 1000).save(paths[0], quality=92)
    turned = Image.Exif()
    turned[0x0112] = 6
    landscape(500, 300).save(paths[1], exif=turned)
    shades = np.linspace(0, 255, 300 * 400).reshape(300, 400).astype(np.uint8)
    clear = landscape(400, 300).convert("RGBA")
    clear.putalpha(Image.fromarray(shades))
    clear.save(paths[2])
    landscape(120, 90).convert("P").save(paths[3])
    return paths


@pytest.mark.parametrize("policy", POLICIES)
def test_photographs_are_prepared_to_the_pixel_of_the_pipeline(policy: str, photographs: list[Path]) -> None:
    params = ResizeParams.model_validate({"policy": policy, "background": "#30a0f0"})
    for path in photographs:
        found = standalone.prepared(path, policy, "#30a0f0")
        np.testing.assert_array_equal(found, prepared(path, params), err_msg=path.name)


@pytest.mark.slow
def test_its_program_runs_in_an_environment_that_has_only_what_it_asks_for(
    photographs: list[Path], tmp_path: Path
) -> None:
    model = classifier()
    write_export(model, Format.BUNDLE, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "alexnet"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "model.onnx", "predict.py"]
    assert "pip install onnxruntime numpy pillow" in (folder / "README.md").read_text()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "env"], env=environment, check=True)
    python = tmp_path / "env/bin/python"
    install = [*uv, "pip", "install", "--quiet", "--python", python, "onnxruntime", "numpy", "pillow"]
    subprocess.run(install, env=environment, check=True)
    (tmp_path / "torn.jpg").write_bytes(b"torn")
    done = subprocess.run(
        [python, folder / "predict.py", *photographs, tmp_path / "torn.jpg"],
        cwd=tmp_path,
        env=environment | {"PYTHONIOENCODING": "utf-8:backslashreplace"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path / 'torn.jpg'}: cannot identify image file")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["photograph"] for row in rows] == list(map(str, photographs))
    images = np.stack([prepared(path, ResizeParams.model_validate(model.resize)) for path in photographs])
    logits = np.asarray(model(view(images, CENTRE, mirror=False), training=False))
    expected = softmax(logits / model.temperature, axis=1)
    for row, shares in zip(rows, expected, strict=True):
        best = np.argsort(-shares)
        assert row["class1"] == CLASSES[best[0]].encode("utf-8", "backslashreplace").decode()
        found = [float(row[f"probability{number}"]) for number in range(1, 1 + len(CLASSES))]
        np.testing.assert_allclose(found, shares[best], atol=1e-5)


def test_help_and_nothing_to_do_print_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert standalone.main([]) == standalone.main(["--help"]) == 2
    assert "python predict.py PHOTO..." in capsys.readouterr().out
