"""Source `url`: one archive over HTTP, whose SHA-256 is known."""

from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import requests

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import without_secrets
from alexnet_pipe.datasets.folder import ending_of
from alexnet_pipe.datasets.index import index_archive
from alexnet_pipe.datasets.transfer import ask, check_digest, download, explained, keep_archive

_REMEDIES = dict.fromkeys((401, 403, 404, 410), "correct dataset.location")

_LONGEST = 200


class Url:
    """The archive at `location`, an address that begins with http:// or https://."""

    def __init__(self, location: str, sha256: str, downloads: Path, labels: str | None = None) -> None:
        """
        Args:
            location: The address.
            sha256: Of the archive's bytes, hexadecimal.
            downloads: Where an unfinished download is kept.
            labels: As `datasets.labelling.choice.chosen_labels` wants it.

        Raises:
            UserError: if the address does not end in the name of an archive.
        """
        self.where = without_secrets(location)
        self._address = location
        self._sha256 = sha256
        self._labels = labels
        self._name = Path(urlsplit(location).path).name
        self._partial = downloads / f"{sha256}.partial"
        if not ending_of(Path(self._name)):
            raise UserError(
                f"dataset.location: {self.where} does not end in the name of an archive "
                "(.zip, .tar, .tar.gz, .tar.bz2, .tar.xz): give the address of the file itself"
            )

    def fetch(self, folder: Path) -> str:
        """Download the archive; a compressed tar is packed anew.

        Returns:
            Its version, as `version`.

        Raises:
            UserError: if the server cannot be reached or refuses, for another SHA-256, or for a damaged archive.
        """
        version = self.version()
        with self._explained():
            download(lambda start: ask("GET", self._address, start), self._partial)
            check_digest(self._partial, "sha256", self._sha256)
            keep_archive(self._partial, self._name, folder)
        return version

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of each photograph; columns and errors as `datasets.index.index_archive`."""
        (archive,) = folder.iterdir()
        return index_archive(archive, self.where, self._labels)

    def version(self) -> str:
        """The server's own tag of the file, its time and its length in bytes, from a request for its headers."""
        with self._explained():
            response = self._without_content("HEAD")
            if not response.ok:  # Some servers, and signed addresses, know GET only.
                response = self._without_content("GET")
            response.raise_for_status()
        names = ("ETag", "Last-Modified", "Content-Length")
        return "; ".join(f"{name} {response.headers[name][:_LONGEST]}" for name in names if name in response.headers)

    def _without_content(self, method: str) -> requests.Response:
        with ask(method, self._address) as response:
            return response

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.where, _REMEDIES, self.where)
