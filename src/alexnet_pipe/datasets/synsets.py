"""What the development kits of ILSVRC2012 and ILSVRC2010 say: classes, their names, and the held-out labels."""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive import damaged

CLASSES = 1000
"""Synsets 1 to 1000 are the classes; higher ones are groups of them."""

_SYNSETS = "meta.mat"


@dataclass(frozen=True)
class Challenge:
    """The published files of one year.

    Attributes:
        name: "ILSVRC2012" or "ILSVRC2010".
        kit: The archive of the development kit.
        training: The tar archive that holds one tar archive a class.
        held_out: By split, the tar archive of its images, and the text file of their labels: in the kit or beside it.
        images: How many images these are, as published.
    """

    name: str
    kit: str
    training: str
    held_out: Mapping[str, tuple[str, str]]
    images: int

    @property
    def archives(self) -> tuple[str, ...]:
        """What has to lie in one folder."""
        return (self.kit, self.training, *(images for images, _ in self.held_out.values()))

    def files_in(self, folder: Path) -> list[Path]:
        """The archives in `folder`, and the labels that lie beside them."""
        labels = [folder / name for _, name in self.held_out.values()]
        return [*(folder / name for name in self.archives), *(path for path in labels if path.exists())]


CHALLENGES = (
    Challenge(
        name="ILSVRC2012",
        kit="ILSVRC2012_devkit_t12.tar.gz",
        training="ILSVRC2012_img_train.tar",
        held_out={"test": ("ILSVRC2012_img_val.tar", "ILSVRC2012_validation_ground_truth.txt")},
        images=1_281_167 + 50_000,
    ),
    Challenge(
        name="ILSVRC2010",
        kit="ILSVRC2010_devkit-1.0.tar.gz",
        training="ILSVRC2010_images_train.tar",
        held_out={
            "validation": ("ILSVRC2010_images_val.tar", "ILSVRC2010_validation_ground_truth.txt"),
            "test": ("ILSVRC2010_images_test.tar", "ILSVRC2010_test_ground_truth.txt"),
        },
        images=1_261_406 + 50_000 + 150_000,
    ),
)


@dataclass(frozen=True)
class DevelopmentKit:
    """
    Attributes:
        labels: The label of each class by its WordNet number: that number and the class's words.
        truth: By split, the label of each held-out image in the order of their numbers.
    """

    labels: Mapping[str, str]
    truth: Mapping[str, list[str]]


def challenge_in(folder: Path) -> Challenge:
    """The challenge whose archives lie in `folder`.

    Raises:
        UserError: if there is none, or another one's beside it, or one of its archives is missing.
    """
    found = [year for year in CHALLENGES if any((folder / name).exists() for name in year.archives)]
    if not found:
        names = " or ".join(year.training for year in CHALLENGES)
        raise UserError(f"dataset.location: {folder} has no {names}: point to the folder with the published archives")
    if len(found) > 1:
        names = " and ".join(year.name for year in found)
        raise UserError(f"dataset.location: {folder} has archives of {names}: give each a folder of its own")
    (challenge,) = found
    if missing := [name for name in challenge.archives if not (folder / name).exists()]:
        raise UserError(
            f"{folder} has no {', '.join(missing)}: put what is missing beside the rest of {challenge.name}"
        )
    return challenge


def read_development_kit(folder: Path, challenge: Challenge) -> DevelopmentKit:
    """Class names and held-out labels, from the kit's archive in `folder` or from label files beside it.

    Raises:
        UserError: if a file is missing, damaged, or not what the challenge published.
    """
    kit = folder / challenge.kit
    names = {split: name for split, (_, name) in challenge.held_out.items()}
    with damaged(str(kit)):
        files = _contents(kit, {_SYNSETS, *names.values()})
    files |= {name: (folder / name).read_bytes() for name in names.values() if (folder / name).exists()}
    if _SYNSETS not in files:
        raise UserError(f"{kit} has no {_SYNSETS}: fetch the development kit of {challenge.name} again")
    if missing := [name for name in names.values() if name not in files]:
        raise UserError(f"neither {folder} nor {kit.name} in it has {', '.join(missing)}: put it into the folder")
    synsets = _synsets(files[_SYNSETS], f"{challenge.name}_ID", str(kit))
    return DevelopmentKit(
        labels={label.split()[0]: label for label in synsets.values()},
        truth={split: _truth(files[name], synsets, f"{folder}: {name}") for split, name in names.items()},
    )


def _contents(archive: Path, names: set[str]) -> dict[str, bytes]:
    """The files in a tar archive of any compression that have one of the base names `names`."""
    found = {}
    with tarfile.open(archive, "r:*") as tar:
        for entry in tar:
            name = Path(entry.name).name
            if name in names and entry.isfile() and (content := tar.extractfile(entry)):
                found[name] = content.read()
    return found


def _synsets(content: bytes, identifier: str, where: str) -> dict[int, str]:
    """The label of each class, by the challenge's own number of it, 1 to 1000."""
    from scipy.io import loadmat

    try:
        rows: Any = loadmat(io.BytesIO(content), squeeze_me=True)["synsets"]
        found = {int(row[identifier]): f"{row['WNID']} {row['words']}" for row in rows.flat}
    except Exception as error:  # scipy raises whatever the bytes lead it to.
        reason = " ".join(str(error).split())
        raise UserError(f"{where}: {_SYNSETS} cannot be read ({reason}): fetch the development kit again") from None
    return {number: label for number, label in found.items() if number <= CLASSES}


def _truth(content: bytes, synsets: Mapping[int, str], where: str) -> list[str]:
    with damaged(where):
        numbers = [int(line) for line in content.split()]
    if unknown := set(numbers) - set(synsets):
        raise UserError(f"{where} names class {min(unknown)}, which {_SYNSETS} does not have: fetch both again")
    return [synsets[number] for number in numbers]
