"""Source `directory`: photographs that are on the disk already, as folders, as an archive, or as text lists."""

import hashlib
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import home
from alexnet_pipe.datasets.archive_file import copy_archive, inside_it, is_zip, obstacle
from alexnet_pipe.datasets.folder import checked_name, ending_of, inner_containers, is_container_name, walk
from alexnet_pipe.datasets.index import index_archive, index_folder, index_lists, index_packed_lists
from alexnet_pipe.datasets.pack import pack_folder, repack
from alexnet_pipe.datasets.place import expanded, leave_in_place
from alexnet_pipe.datasets.text_list import chosen_lines, lists_in, pack_lists

_LONGEST_NAME = 255 - len(".zip")
"""Bytes of the longest file name without its ending."""


class Directory:
    """Photographs at `location`, relative to the project's folder; `~` is the user's home folder."""

    def __init__(self, location: str, copy: bool = True, labels: str | None = None) -> None:
        """
        Args:
            location: A folder, an archive, or a text list.
            copy: Pack the data set into one archive; otherwise it is read where it lies.
            labels: As `datasets.labelling.choice.chosen_labels` wants it.
        """
        self.where = location
        self.location = expanded(location)
        self._copy = copy
        self._labels = labels

    def fetch(self, folder: Path) -> str:
        """Put one archive into `folder`, or a reference to the location, and give its version.

        A compressed tar archive is packed anew, because its members can only be read from the start.

        Raises:
            UserError: if the location is missing, damaged, or none of the known kinds.
        """
        version = self.version()
        if not self._copy:
            leave_in_place(folder, self.where if self.location.is_dir() else str(Path(self.where).parent))
        elif self._lists():
            pack_lists(self._lists(), folder / f"{self._name()}.zip")
        elif self.location.is_dir():
            pack_folder(walk(self.location), folder / f"{self._name()}.zip", self.where)
        elif obstacle(self.location):
            repack(self.location, folder / f"{self._name()}.zip")
        else:
            copy_archive(self.location, folder / f"{self._name()}{'.zip' if is_zip(self.location) else '.tar'}")
        return version

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of each photograph; columns and errors as `datasets.index.index_archive`."""
        if self._copy:
            (archive,) = folder.iterdir()
            if self._lists():
                return index_packed_lists(archive, self.where)
            return index_archive(archive, self.where, self._labels)
        if self._lists():
            return index_lists(self._lists(), self.where)
        is_folder = self.location.is_dir()
        if why := inside_it(inner_containers(walk(self.location).files)) if is_folder else obstacle(self.location):
            raise UserError(f"{self.where} cannot be read in place, for {why}: set dataset.copy to true, or unpack it")
        if is_folder:
            return index_folder(self.location, self.where, self._labels)
        return index_archive(self.location, self.where, self._labels)

    def version(self) -> str:
        """A digest of names, sizes and times of all files; their content is not read."""
        self._check()
        digest = hashlib.sha256()
        for name, path in sorted(self._files().items()):
            status = path.stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
        return digest.hexdigest()

    def _files(self) -> dict[str, Path]:
        if self._lists():
            listed = {line.path: path for _, path, line in chosen_lines(self._lists())}
            return listed | {path.name: path for path in self._lists()}
        return walk(self.location).files if self.location.is_dir() else {self.location.name: self.location}

    def _check(self) -> None:
        location = self.location
        if "://" in self.where:
            raise UserError(
                f"dataset.location: {self.where} is an address: set dataset.source to url, and dataset.sha256 to the "
                "digest of the archive"
            )
        if not location.exists():
            raise UserError(
                f"dataset.location: {location} does not exist (seen from {home().resolve()}): correct the path"
            )
        if location.is_dir() or self._lists() or (location.is_file() and is_container_name(location.name)):
            return
        raise UserError(
            f"dataset.location: {location} is neither a folder nor a text list (.txt) nor an archive "
            "(.zip, .tar, .tar.gz, .tar.bz2, .tar.xz) nor a Parquet file: point to one of these"
        )

    def _lists(self) -> dict[Path, str]:
        if self.location.is_dir():
            return lists_in(self.location)
        return {self.location: "train"} if self.location.suffix.lower() == ".txt" else {}

    def _name(self) -> str:
        path = self.location.resolve()
        name = path.name if path.is_dir() else path.name.removesuffix(ending_of(path) or path.suffix)
        short = checked_name(name, self.where).encode()[:_LONGEST_NAME].decode(errors="ignore")
        return short or "photographs"
