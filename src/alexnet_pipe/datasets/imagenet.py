"""Source `imagenet`: the tar archives of ILSVRC2012 or ILSVRC2010 as they are published, read in place."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.datasets.archive import Member
from alexnet_pipe.datasets.archive_file import copy_archive
from alexnet_pipe.datasets.archive_formats import TarArchive
from alexnet_pipe.datasets.index import with_places
from alexnet_pipe.datasets.place import Place, expanded, leave_in_place
from alexnet_pipe.datasets.synsets import Challenge, DevelopmentKit, challenge_in, read_development_kit

IMAGE_BYTES = 256 * 256 * 3
"""Of one image in the store."""

IMAGES_A_SECOND = 200
"""That one core resizes; 240 of 500×375 pixels and 106 kB were measured, and ImageNet has larger ones."""


class ImageNet:
    """A folder with the challenge's archives: training, validation, for 2010 test, and the development kit.

    For 2012 the published validation images are the test split, because the labels of its test images were never
    published; validation is held out of the training images. For 2010 all three are as published, without its
    patch_images.tar.
    """

    def __init__(self, location: str, copy: bool = False) -> None:
        self.where = location
        self.location = expanded(location)
        self._copy = copy

    def fetch(self, folder: Path) -> str:
        """Refer to the archives from `folder`, or copy them there, and give their version.

        Raises:
            UserError: if one of them is missing, or the development kit is damaged.
        """
        version, challenge = self.version(), challenge_in(self.location)
        read_development_kit(self.location, challenge)  # Its faults should not come out after hours of copying.
        files = challenge.files_in(self.location)
        say(f"download: {_needs(challenge, sum(path.stat().st_size for path in files), self._copy, folder)}")
        if not self._copy:
            leave_in_place(folder, self.where)
            return version
        for path in files:
            if path.suffix == ".tar":
                copy_archive(path, folder / path.name)
            else:
                shutil.copyfile(path, folder / path.name)
        return version

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of each photograph; columns as `datasets.index.index_archive`.

        A label is the WordNet number and the words of the class, as "n01440764 tench, Tinca tinca": words alone are
        not unique, and this order is the one of Caffe's and Keras' class numbers.

        Raises:
            UserError: if an archive is damaged, or does not fit the development kit.
        """
        place = folder if self._copy else self.location
        challenge = challenge_in(place)
        kit = read_development_kit(place, challenge)
        parts = list(_training(place / challenge.training, self._named(challenge.training), kit))
        for split, (name, truth) in challenge.held_out.items():
            parts.append(_held_out(place / name, self._named(name), split, kit.truth[split], truth))
        return pd.concat(parts, ignore_index=True)

    def version(self) -> str:
        """A digest of the files' sizes and times; their content is not read."""
        digest = hashlib.sha256()
        for path in challenge_in(self.location).files_in(self.location):
            status = path.stat()
            digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
        return digest.hexdigest()

    def _named(self, archive: str) -> str:
        """What messages call an archive, also a copy of it."""
        return str(self.location / archive)


def _training(path: Path, where: str, kit: DevelopmentKit) -> Iterator[pd.DataFrame]:
    """The photographs of each class; a table a class takes a fraction of the memory of all `Member`s at once."""
    archives = _class_archives(path, where, kit)
    with progress("download", len(archives), "classes indexed") as advance:
        for number, archive in archives.items():
            found = _members(path, f"{where}, {archive.name}", archive.place)
            if not found:
                raise UserError(f"{where}, {archive.name} has no images: fetch it again")
            places = {f"{archive.name}/{member.name}": member.place for member in found}
            yield _rows(path, places, [kit.labels[number]] * len(places), "train")
            advance()


def _class_archives(path: Path, where: str, kit: DevelopmentKit) -> dict[str, Member]:
    """The tar archive of each class inside the training archive, by the class's WordNet number."""
    found = {Path(member.name).stem: member for member in _members(path, where) if member.name.endswith(".tar")}
    if unknown := set(found) - set(kit.labels):
        raise UserError(f"{where}: {min(unknown)}.tar is no class of the development kit: fetch both again")
    if missing := set(kit.labels) - set(found):
        raise UserError(f"{where} has no {min(missing)}.tar (classes missing in all: {len(missing):,}): fetch it again")
    return found


def _held_out(path: Path, where: str, split: str, labels: list[str], truth: str) -> pd.DataFrame:
    """The photographs of an archive of numbered images; in the order of their numbers they have the labels."""
    places = {member.name: member.place for member in sorted(_members(path, where))}
    if len(places) != len(labels):
        raise UserError(f"{where} has {len(places):,} images, but {truth} {len(labels):,} labels: fetch both again")
    return _rows(path, places, labels, split)


def _members(path: Path, where: str, inside: Place | None = None) -> list[Member]:
    with TarArchive(path, where, inside.offset, inside.packed) if inside else TarArchive(path, where) as archive:
        archive.check()
        return archive.members()


def _rows(path: Path, places: dict[str, Place], labels: list[str], split: str) -> pd.DataFrame:
    rows = pd.DataFrame({"member": list(places), "label": labels, "split": split}, dtype="str")
    return with_places(rows, path.name, places)


def _needs(challenge: Challenge, size: int, copy: bool, folder: Path) -> str:
    """What the challenge takes of disk and time, and what there is, in one line."""
    from dask.system import CPU_COUNT

    free = shutil.disk_usage(folder).free
    minutes = challenge.images / IMAGES_A_SECOND / CPU_COUNT / 60
    return (
        f"{challenge.name} has {challenge.images:,} images as published; its {size / 1e9:,.0f} GB are read twice, the "
        f"store takes {challenge.images * IMAGE_BYTES / 1e9:,.0f} GB"
        f"{f' and the copy {size / 1e9:,.0f} GB' if copy else ''}, {free / 1e9:,.0f} GB are free here, and the resize "
        f"takes about {minutes:,.0f} minutes on {CPU_COUNT} cores"
    )
