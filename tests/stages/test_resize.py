"""The stage makes the store, lists what it refused, and leaves earlier outputs alone when it fails."""

import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.datasets.relabelled import Override, save_overrides
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.stages import download, mean, pca, resize
from alexnet_pipe.store.image_store import ImageStore

pytestmark = pytest.mark.usefixtures("shared_cluster")


def png(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (level, level, level)).save(buffer, "PNG")
    return buffer.getvalue()


def make_source(root: Path, files: dict[str, bytes]) -> Artifacts:
    """Write `files` into an archive and run `download` on it."""
    root.mkdir(exist_ok=True)
    with zipfile.ZipFile(root / "photographs.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    artifacts = Artifacts(root)
    download.run(artifacts, DatasetParams(source="directory", location=str(root / "photographs.zip")))
    return artifacts


def photographs(broken: dict[str, bytes] | None = None) -> dict[str, bytes]:
    good = {
        f"{split}/{label}/{number}.png": png(20 * number + (110 if label == "dog" else 0) + len(split))
        for split, count in (("train", 6), ("val", 1), ("test", 2))
        for label in ("cat", "dog")
        for number in range(count)
    }
    return good | (broken or {})


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_store_holds_every_usable_image_with_its_label(tmp_path: Path) -> None:
    artifacts = make_source(tmp_path, photographs())
    resize.run(artifacts, ResizeParams())
    store = ImageStore.open(artifacts.images, "train")
    assert store.classes == ("cat", "dog")
    assert len(store) == 12
    for number, (member, label) in enumerate(zip(store.rows["member"], store.labels, strict=True)):
        assert store.classes[label] in member
        level = 20 * int(Path(member).stem) + (110 if label else 0) + 5
        assert (store[number] == level).all()
    assert set(zip(store.rows["width"], store.rows["height"], strict=True)) == {(40, 30)}


def test_refused_files_are_rows_with_reasons_and_stop_nothing(tmp_path: Path) -> None:
    broken = {"train/cat/empty.jpg": b"", "test/dog/text.jpg": b"text", "val/cat/tiny.png": png(3)[:20]}
    artifacts = make_source(tmp_path, photographs(broken))
    resize.run(artifacts, ResizeParams(max_rejected=0.5))
    rejected = pd.read_parquet(artifacts.rejected).set_index("member")
    assert rejected["reason"].to_dict()["train/cat/empty.jpg"] == "empty"
    assert rejected["reason"].to_dict()["test/dog/text.jpg"] == "not an image"
    assert set(rejected.index) == set(broken)
    metrics = load_json(artifacts.data_metrics)
    assert metrics["images"] == {"train": 12, "validation": 2, "test": 4}
    assert metrics["rejected"] == 3
    assert [len(ImageStore.open(artifacts.images, split)) for split in metrics["images"]] == [12, 2, 4]


def test_copies_across_splits_and_labels_are_counted(tmp_path: Path) -> None:
    files = photographs()
    files["test/cat/copy.png"] = files["train/cat/0.png"]
    files["train/dog/copy.png"] = files["train/cat/1.png"]
    artifacts = make_source(tmp_path, files)
    resize.run(artifacts, ResizeParams(max_conflicts=0.1))
    metrics = load_json(artifacts.data_metrics)
    assert metrics["duplicates_across_splits"] == 1
    assert metrics["label_conflicts"] == 1
    assert metrics["removed"] == 1
    assert metrics["images"] == {"train": 12, "validation": 2, "test": 5}
    findings = pd.read_parquet(artifacts.rejected)
    told = set(zip(findings["member"], findings["outcome"], findings["reason"], findings["detail"], strict=True))
    assert told == {
        ("train/cat/0.png", "removed", "duplicate", "same bytes as test/cat/copy.png (cat, test)"),
        ("train/dog/copy.png", "noted", "duplicate", "same bytes as train/cat/1.png (cat, train)"),
        ("train/cat/1.png", "noted", "label conflict", "same bytes, labelled cat, dog"),
        ("train/dog/copy.png", "noted", "label conflict", "same bytes, labelled cat, dog"),
    }


def test_what_is_no_photograph_is_no_copy_and_has_no_label(tmp_path: Path) -> None:
    useless = {"train/cat/empty.jpg": b"", "train/dog/empty.jpg": b"", "train/cat/x.jpg": b"x", "test/dog/x.jpg": b"x"}
    artifacts = make_source(tmp_path, photographs(useless))
    resize.run(artifacts, ResizeParams(max_rejected=0.2, max_conflicts=0))
    findings = pd.read_parquet(artifacts.rejected)
    assert dict(zip(findings["member"], findings["reason"], strict=True)) == {
        "train/cat/empty.jpg": "empty",
        "train/dog/empty.jpg": "empty",
        "train/cat/x.jpg": "not an image",
        "test/dog/x.jpg": "not an image",
    }
    assert set(findings["outcome"]) == {"refused"}
    metrics = load_json(artifacts.data_metrics)
    assert (metrics["rejected"], metrics["removed"], metrics["label_conflicts"]) == (4, 0, 0)
    assert metrics["duplicates_across_splits"] == 0


@pytest.mark.parametrize("max_rejected", [0.05, 0.3])
def test_too_many_photographs_with_two_labels_stop_the_run(tmp_path: Path, max_rejected: float) -> None:
    files = photographs()
    files |= {f"train/dog/copy{number}.png": files[f"train/cat/{number}.png"] for number in range(2)}
    artifacts = make_source(tmp_path, files)
    message = (
        "4 of 20 photographs (20.0%) have the same bytes as one with another label, more than resize.max_conflicts = "
        "5.0%; the first are 'train/cat/0.png' (cat) and 'train/dog/copy0.png' (dog): remove the wrong ones, or raise "
        "the limit"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        resize.run(artifacts, ResizeParams(max_rejected=max_rejected))
    # Nothing is decoded where it is certain that this is the end.
    assert bool(list(artifacts.checkpoints.glob("*"))) == (max_rejected > 0.15)
    resize.run(artifacts, ResizeParams(max_conflicts=0.2))


def test_too_many_refused_files_fail_and_leave_the_store_as_it_was(tmp_path: Path) -> None:
    artifacts = make_source(tmp_path, photographs())
    resize.run(artifacts, ResizeParams())
    before = digests(artifacts.images)
    make_source(tmp_path, photographs({f"train/cat/{n}.jpg": b"x" for n in range(5)}))
    with pytest.raises(
        UserError, match=r"5 of 23 files \(21\.7%\) were refused, more than resize\.max_rejected = 5\.0%"
    ):
        resize.run(artifacts, ResizeParams())
    assert digests(artifacts.images) == before
    assert not list(artifacts.images.parent.glob(".*"))
    resize.run(artifacts, ResizeParams(max_rejected=0.5))
    assert not list(artifacts.checkpoints.iterdir())


def test_a_class_without_usable_training_images_is_named(tmp_path: Path) -> None:
    files = {name: b"x" if name.startswith("train/dog") else content for name, content in photographs().items()}
    artifacts = make_source(tmp_path, files)
    with pytest.raises(UserError, match="class 'dog' has no usable training image"):
        resize.run(artifacts, ResizeParams(max_rejected=1.0))


def test_a_photograph_that_changed_after_it_was_indexed_is_named(tmp_path: Path) -> None:
    artifacts = make_source(tmp_path, photographs())
    (archive,) = artifacts.source.iterdir()
    archive.chmod(0o644)
    manifest = pd.read_parquet(artifacts.manifest)
    place = manifest.set_index("member").loc["train/cat/3.png"]
    with archive.open("r+b") as file:
        file.seek(place["offset"] + 60)
        file.write(b"changed")
    with pytest.raises(UserError, match=r"'train/cat/3\.png' has changed since it was indexed: run `dvc repro --force"):
        resize.run(artifacts, ResizeParams())


def test_a_member_that_its_archive_has_damaged_is_a_row(tmp_path: Path) -> None:
    tmp_path.joinpath("photographs.zip").touch()
    files = photographs({"train/cat/6.png": png(133)})
    artifacts = make_source(tmp_path, files)
    path = tmp_path / "photographs.zip"
    content = bytearray(path.read_bytes())
    content[content.index(png(133)) + 70] ^= 1
    path.write_bytes(content)
    download.run(artifacts, DatasetParams(source="directory", location=str(path)))
    resize.run(artifacts, ResizeParams(max_rejected=0.5))
    findings = pd.read_parquet(artifacts.rejected)
    assert findings[["member", "outcome", "reason"]].to_numpy().tolist() == [["train/cat/6.png", "refused", "damaged"]]


def test_near_duplicates_are_noted_and_used(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    picture = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((300, 300))
    files = photographs({"train/cat/a.jpg": jpeg(picture, 95), "test/cat/b.jpg": jpeg(picture, 60)})
    artifacts = make_source(tmp_path, files)
    resize.run(artifacts, ResizeParams())
    findings = pd.read_parquet(artifacts.rejected)
    assert findings[["member", "outcome", "reason", "detail"]].to_numpy().tolist() == [
        ["test/cat/b.jpg", "noted", "near-duplicate", "looks like train/cat/a.jpg (cat, train)"]
    ]
    assert load_json(artifacts.data_metrics)["images"]["test"] == 5


def jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def test_mean_and_pca_read_the_training_images_only(tmp_path: Path) -> None:
    artifacts = make_source(tmp_path, photographs())
    resize.run(artifacts, ResizeParams())
    mean.run(artifacts)
    pca.run(artifacts)
    levels = ImageStore.open(artifacts.images, "train").gather(range(12))[:, 0, 0, 0].astype(np.float64)
    np.testing.assert_allclose(np.load(artifacts.mean), levels.mean(), rtol=1e-6)
    content = load_json(artifacts.pca)
    assert content["pixels"] == 12 * 256 * 256
    assert content["eigenvalues"][0] == pytest.approx(3 * (levels / 255).var())


def test_labels_that_people_put_right_go_into_the_store_and_out_again(tmp_path: Path) -> None:
    artifacts = make_source(tmp_path, photographs())
    resize.run(artifacts, ResizeParams())
    before, manifest = digests(artifacts.images), pd.read_parquet(artifacts.manifest)
    digest = dict(zip(manifest["member"], manifest["sha256"], strict=True))
    said = {digest["train/cat/0.png"]: Override("dog", "cat", "0"), digest["test/dog/1.png"]: Override("", "dog", "1")}
    save_overrides(artifacts.relabelled, said)
    resize.run(artifacts, ResizeParams())
    train, test = (ImageStore.open(artifacts.images, split) for split in ("train", "test"))
    labels = dict(zip(train.rows["member"], train.labels, strict=True))
    assert len(train) == 12
    assert labels == {member: int("dog" in member or member == "train/cat/0.png") for member in labels}
    assert test.rows["member"].tolist() == ["test/cat/0.png", "test/cat/1.png", "test/dog/0.png"]
    findings = pd.read_parquet(artifacts.rejected)
    assert findings[["member", "label", "outcome", "reason", "detail"]].to_numpy().tolist() == [
        ["test/dog/1.png", "dog", "removed", "dropped", f"by {artifacts.relabelled}"],
        ["train/cat/0.png", "dog", "noted", "relabelled", "was cat"],
    ]
    metrics = load_json(artifacts.data_metrics)
    assert (metrics["relabelled"], metrics["dropped"], metrics["removed"]) == (1, 1, 0)
    assert metrics["images"] == {"train": 12, "validation": 2, "test": 3}
    save_overrides(artifacts.relabelled, {})
    resize.run(artifacts, ResizeParams())
    assert digests(artifacts.images) == before


def test_labels_stay_right_when_the_source_grows_and_moves(tmp_path: Path) -> None:
    artifacts = make_source(tmp_path, photographs())
    manifest = pd.read_parquet(artifacts.manifest).set_index("member")
    save_overrides(artifacts.relabelled, {manifest.at["val/cat/0.png", "sha256"]: Override("dog", "cat", "0")})
    grown = {name.replace("val/cat/0", "val/cat/renamed"): content for name, content in photographs().items()}
    make_source(tmp_path, grown | {"val/cat/new.png": png(241), "train/dog/new.png": png(243)})
    resize.run(artifacts, ResizeParams())
    store = ImageStore.open(artifacts.images, "validation")
    labels = {member: store.classes[label] for member, label in zip(store.rows["member"], store.labels, strict=True)}
    assert labels == {"val/cat/new.png": "cat", "val/cat/renamed.png": "dog", "val/dog/0.png": "dog"}


def test_bytes_with_two_labels_are_settled_by_a_person(tmp_path: Path) -> None:
    files = photographs()
    files["train/dog/copy.png"] = files["train/cat/1.png"]
    artifacts = make_source(tmp_path, files)
    manifest = pd.read_parquet(artifacts.manifest).set_index("member")
    digest = manifest.at["train/dog/copy.png", "sha256"]
    save_overrides(artifacts.relabelled, {digest: Override("dog", "cat", "1")})
    resize.run(artifacts, ResizeParams(max_conflicts=0))
    metrics = load_json(artifacts.data_metrics)
    assert (metrics["label_conflicts"], metrics["relabelled"]) == (0, 1)


@pytest.mark.parametrize(("how", "train", "test"), [("keep", 13, 5), ("drop", 12, 5), ("group", None, None)])
def test_near_duplicates_are_kept_dropped_or_held_together(
    tmp_path: Path, how: Literal["keep", "drop", "group"], train: int | None, test: int | None
) -> None:
    generator = np.random.default_rng(0)
    picture = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((300, 300))
    files = photographs({"train/cat/a.jpg": jpeg(picture, 95), "test/cat/b.jpg": jpeg(picture, 60)})
    artifacts = make_source(tmp_path, files)
    resize.run(artifacts, ResizeParams(near_duplicates=how))
    stores = {split: ImageStore.open(artifacts.images, split) for split in ("train", "validation", "test")}
    assert sum(map(len, stores.values())) == (19 if how == "drop" else 20)
    assert len(pd.read_parquet(artifacts.near_duplicates)) == (how == "keep")
    if how == "group":
        holding = [
            split for split, store in stores.items() if {"train/cat/a.jpg", "test/cat/b.jpg"} <= {*store.rows["member"]}
        ]
        assert holding in (["train"], ["test"])
    else:
        assert (len(stores["train"]), len(stores["test"])) == (train, test)
    metrics, findings = load_json(artifacts.data_metrics), pd.read_parquet(artifacts.rejected)
    assert metrics["images"] == {split: len(store) for split, store in stores.items()}
    assert set(findings["reason"]) == {"near-duplicate"}
    assert ("removed" in set(findings["outcome"])) == (how == "drop")
