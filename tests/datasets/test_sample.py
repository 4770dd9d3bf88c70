"""The sample data set is the same every time, holds every format it claims, and draws what its labels say."""

import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from alexnet_pipe.datasets.sample.difficulty import HARD
from alexnet_pipe.datasets.sample.sample_source import broken_files, encode, photograph, write_sample
from alexnet_pipe.datasets.sample.scene import CLASSES, Scene, draw_scene
from alexnet_pipe.datasets.sample.shapes import SHAPES

EACH = 10


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.zip"
    write_sample(path, images_per_class=EACH)
    return path


@pytest.fixture(scope="module")
def files(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as members:
        return {name: members.read(name) for name in members.namelist()}


@pytest.fixture(scope="module")
def good(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if number(name) <= EACH}


@pytest.fixture(scope="module")
def bad(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if number(name) > EACH}


def number(member: str) -> int:
    return int(member.split(".")[-2])


def decoded(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def scene(name: str, seed: int) -> Scene:
    return draw_scene(name, np.random.default_rng(seed))


def test_two_runs_write_the_same_bytes(archive, tmp_path):
    write_sample(tmp_path / "again.zip", images_per_class=EACH)
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_a_harder_set_has_other_pictures_of_the_same_classes_and_its_own_share_for_testing(archive, tmp_path):
    for name in ("hard.zip", "again.zip"):
        write_sample(tmp_path / name, images_per_class=EACH, test_share=0.7, difficulty=HARD)
    assert (tmp_path / "hard.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    with zipfile.ZipFile(archive) as easy, zipfile.ZipFile(tmp_path / "hard.zip") as hard:
        members = [name for name in hard.namelist() if number(name) <= EACH]
        assert sum(name.startswith("test_set/") for name in members) == 7 * len(CLASSES)
        assert not {easy.read(name) for name in easy.namelist()} & {hard.read(name) for name in members}


def test_a_file_depends_on_its_class_and_number_alone(files):
    for name, index in ((CLASSES[0], 1), (CLASSES[-1], EACH)):
        suffix, content = photograph(name, index)
        split = "test_set" if index > EACH * 4 // 5 else "training_set"
        assert files[f"{split}/{split}/{name}/{name}.{index}{suffix}"] == content


def test_the_layout_is_the_one_of_cats_and_dogs_with_a_fifth_for_testing(good):
    assert len(CLASSES) == 10
    found = Counter(tuple(name.split("/")[:3]) for name in good)
    expected = {("training_set", "training_set", name): 8 for name in CLASSES}
    expected |= {("test_set", "test_set", name): 2 for name in CLASSES}
    assert found == expected
    assert all(name.split("/")[-1].startswith(name.split("/")[2] + ".") for name in good)


def test_members_are_sorted_stored_and_dated_alike(archive):
    with zipfile.ZipFile(archive) as members:
        infos = members.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {(info.compress_type, info.date_time) for info in infos} == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))}


def test_all_photographs_decode_and_are_64_to_900_pixels_a_side(good):
    for name, content in good.items():
        assert all(64 <= side <= 900 for side in decoded(content).size), name


def test_every_format_occurs_and_suffixes_tell_the_truth(good):
    found = set()
    for name, content in good.items():
        picture = decoded(content)
        assert {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}[str(picture.format)] == Path(name).suffix
        found.add((picture.format, picture.mode))
        if picture.info.get("progressive"):
            found.add("progressive")
        if picture.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            found.add("turned")
    jpeg = {("JPEG", mode) for mode in ("RGB", "L", "CMYK")}
    png = {("PNG", mode) for mode in ("RGB", "RGBA", "P", "I;16")}
    assert found == jpeg | png | {("WEBP", "RGB"), "progressive", "turned"}


def test_transparent_pictures_show_their_object_on_white():
    drawn = draw_scene("disc", np.random.default_rng(1), on_white=True)
    picture = decoded(encode(drawn, "png-transparent", np.random.default_rng(0))[1])
    assert picture.getextrema()[3][0] < 128
    on_white = Image.new("RGBA", picture.size, "white")
    on_white.alpha_composite(picture)
    assert luma_inside(on_white, drawn.cover) < luma_outside(on_white, drawn.cover) - 25


@pytest.mark.parametrize("seed", range(8))
def test_the_orientation_tag_turns_a_picture_upright(seed):
    drawn = scene("star", 7)
    stored = decoded(encode(drawn, "jpeg-rotated", np.random.default_rng(seed))[1])
    upright = ImageOps.exif_transpose(stored)
    assert upright.size == drawn.picture.size
    error = np.asarray(upright, dtype=float) - np.asarray(drawn.picture, dtype=float)
    assert np.abs(error).mean() < 6


def test_broken_files_are_named_like_photographs_and_lie_in_both_splits(bad):
    assert len(bad) == len(broken_files()) == 8
    assert {name.split("/")[0] for name in bad} == {"training_set", "test_set"}
    assert {Path(name).suffix for name in bad} == {".jpg", ".png", ".webp"}


def test_broken_files_do_not_decode_or_have_one_pixel(bad):
    pixels = 0
    for name, content in bad.items():
        try:
            assert decoded(content).size == (1, 1), name
            pixels += 1
        except OSError:
            continue
    assert pixels == 2
    assert b"" in bad.values()


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_shape_lies_within_the_central_square_and_is_not_small(name):
    for seed in range(10):
        cover = scene(name, seed).cover
        left, top, right, bottom = cover.getbbox()
        short = min(cover.size)
        across, down = ((side - short) / 2 - 1 for side in cover.size)
        assert across <= left <= right <= cover.width - across
        assert down <= top <= bottom <= cover.height - down
        assert max(right - left, bottom - top) >= 0.35 * short


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_shape_stands_out_when_the_picture_is_grey(name):
    for seed in range(10):
        picture, cover = scene(name, seed)
        assert abs(luma_inside(picture, cover) - luma_outside(picture, cover)) > 15


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_shapes_are_bright_on_dark_and_dark_on_bright(name):
    brighter = {
        bool(luma_inside(picture, cover) > luma_outside(picture, cover))
        for picture, cover in (scene(name, seed) for seed in range(12))
    }
    assert brighter == {True, False}


def luma_inside(picture: Image.Image, cover: Image.Image) -> float:
    return float(np.asarray(picture.convert("L"))[np.asarray(cover) == 255].mean())


def luma_outside(picture: Image.Image, cover: Image.Image) -> float:
    return float(np.asarray(picture.convert("L"))[np.asarray(cover) == 0].mean())
