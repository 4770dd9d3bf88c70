"""ILSVRC2012 and ILSVRC2010 in small: the published files with few classes and few, small photographs."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import savemat

WORDS = {
    "n02119789": "kit fox, Vulpes macrotis",
    "n02100735": "English setter",
    "n02110185": "Siberian husky",
}
"""By WordNet number, in the challenge's order of the classes: numbers 1 to 3, which is not the order of the names."""

LABELS = [f"{number} {words}" for number, words in WORDS.items()]

GROUP = ("n00001740", "entity")
"""A synset that is no class; it has the challenge's number 1001."""

TRAIN_2012, TEST_2012 = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
KIT_2012, TRUTH_2012 = "ILSVRC2012_devkit_t12.tar.gz", "ILSVRC2012_validation_ground_truth.txt"
TRAIN_2010, KIT_2010 = "ILSVRC2010_images_train.tar", "ILSVRC2010_devkit-1.0.tar.gz"
TRUTH_2010 = "ILSVRC2010_test_ground_truth.txt"


def ilsvrc2012(training: int = 2, held_out: Sequence[int] = (2, 3, 1, 1)) -> dict[str, bytes]:
    """The files of a folder: `training` photographs a class, and one held-out photograph of each class number."""
    return {
        TRAIN_2012: tar(class_archives(training)),
        TEST_2012: tar(numbered("ILSVRC2012_val", len(held_out))),
        KIT_2012: kit_2012(held_out),
    }


def ilsvrc2010() -> dict[str, bytes]:
    """The files of a folder, with the labels of the test images beside the kit."""
    kit = {
        "devkit-1.0/readme.txt": b"",
        "devkit-1.0/data/meta.mat": meta_mat("ILSVRC2010_ID"),
        "devkit-1.0/data/ILSVRC2010_validation_ground_truth.txt": b"3\n1\n",
    }
    return {
        TRAIN_2010: tar(class_archives(2)),
        "ILSVRC2010_images_val.tar": tar(numbered("val/ILSVRC2010_val", 2)),
        "ILSVRC2010_images_test.tar": tar(numbered("test/ILSVRC2010_test", 3)),
        KIT_2010: tar(kit, "gz"),
        TRUTH_2010: b"2\n2\n1\n",
    }


def kit_2012(held_out: Sequence[int], **changes: bytes | None) -> bytes:
    """The development kit; `meta` and `truth` replace the content of a file, or remove it."""
    content = {"meta": meta_mat("ILSVRC2012_ID"), "truth": "".join(f"{n}\n" for n in held_out).encode()} | changes
    names = {"meta": "meta.mat", "truth": TRUTH_2012}
    files = {f"ILSVRC2012_devkit_t12/data/{names[key]}": value for key, value in content.items() if value is not None}
    return tar({"ILSVRC2012_devkit_t12/readme.txt": b""} | files, "gz")


def class_archives(count: int) -> dict[str, bytes]:
    return {f"{number}.tar": tar(class_photographs(number, count)) for number in WORDS}


def class_photographs(number: str, count: int) -> dict[str, bytes]:
    return {f"{number}_{image}.JPEG": photograph(f"{number}{image}") for image in range(1, count + 1)}


def numbered(stem: str, count: int) -> dict[str, bytes]:
    """Held-out photographs, the last one first, as an archive may have them in any order."""
    return {f"{stem}_{image:08}.JPEG": photograph(f"{stem}{image}") for image in range(count, 0, -1)}


def photograph(name: str) -> bytes:
    """A JPEG file of 64×64 pixels: smooth, and different for each name."""
    coarse = np.random.default_rng(list(name.encode())).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


def meta_mat(identifier: str) -> bytes:
    """The table of synsets with the published fields, as MATLAB stores it: a column of structs."""
    synsets = [*WORDS.items(), GROUP]
    numbers = [*range(1, len(WORDS) + 1), 1001]
    fields = ["WNID", "words", "gloss", "num_children", "children", "wordnet_height", "num_train_images"]
    table = np.zeros((len(synsets), 1), [(name, object) for name in (identifier, *fields)])
    for row, (number, (wordnet, words)) in enumerate(zip(numbers, synsets, strict=True)):
        children = np.arange(1.0, len(WORDS) + 1) if wordnet == GROUP[0] else np.zeros(0)
        table[row, 0] = (float(number), wordnet, words, "a gloss", float(len(children)), children, 0.0, 12.0)
    return mat(synsets=table)


def mat(**variables: Any) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, variables)
    return buffer.getvalue()


def tar(files: Mapping[str, bytes], compression: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
