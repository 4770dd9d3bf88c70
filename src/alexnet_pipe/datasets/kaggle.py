"""Source `kaggle`: a data set of kaggle.com, by kagglehub's client; public ones need no account."""

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.datasets.index import index_archive
from alexnet_pipe.datasets.transfer import PatientAdapter, ask, check_digest, download, explained, keep_archive

_TOKEN = "put kaggle.json, which kaggle.com/settings makes, into ~/.kaggle, or a token into KAGGLE_API_TOKEN"
_REMEDIES = {
    401: f"correct your credentials ({_TOKEN})",
    # Kaggle forbids, too, what does not exist.
    403: f"correct dataset.location, or for a private data set {_TOKEN}",
    404: "correct dataset.location, there is no such data set or version",
}
_MD5 = re.compile(r"\bmd5=([A-Za-z0-9+/]{22}==)")


class Kaggle:
    """The data set `location`: OWNER/NAME/versions/N, or OWNER/NAME for the newest version."""

    def __init__(self, location: str, downloads: Path, labels: str | None = None) -> None:
        """
        Args:
            location: The data set.
            downloads: Where an unfinished download is kept.
            labels: As `datasets.labelling.choice.chosen_labels` wants it.
        """
        self.where = location
        self._handle, _, pinned = location.partition("/versions/")
        self._pinned = int(pinned) if pinned else None
        self._downloads = downloads
        self._labels = labels

    def fetch(self, folder: Path) -> str:
        """Download the published zip archive, and check its MD5.

        Returns:
            The version that was downloaded, as `version`.

        Raises:
            UserError: if Kaggle cannot be reached, does not know the data set, or does not give it to this user; if
                the transfer breaks again and again; if the MD5 is wrong, or the archive damaged.
        """
        with self._explained():
            number = self._pinned or self._newest()
            name = f"{self._handle.replace('/', '-')}-{number}.zip"
            archive, partial = _Archive(self._handle, number), self._downloads / f"{name}.partial"
            download(archive.ask, partial)
            if archive.md5:
                check_digest(partial, "md5", archive.md5)
            else:
                say("download: Kaggle publishes no MD5 of this archive, so it could not be checked")
            keep_archive(partial, name, folder)
        return _version(number)

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of each photograph; columns and errors as `datasets.index.index_archive`."""
        (archive,) = folder.iterdir()
        return index_archive(archive, self.where, self._labels)

    def version(self) -> str:
        """The newest version that there is, whichever `location` asks for."""
        with self._explained():
            return _version(self._newest())

    def _newest(self) -> int:
        from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = self._handle.split("/")
        with _client() as client:
            number: int = client.get_dataset(request).current_version_number
        if not number:
            raise UserError("the server names no version: correct dataset.location")
        return number

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.where, _REMEDIES, f"https://www.kaggle.com/datasets/{self._handle}")


class _Archive:
    """The archive of one version; `md5`, hexadecimal, is known once it has been asked for, if Kaggle tells it."""

    def __init__(self, handle: str, version: int) -> None:
        self.md5 = ""
        self._handle, self._version = handle, version

    def ask(self, start: int) -> requests.Response:
        """A `transfer.Request`."""
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

        request = ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = self._handle.split("/")
        request.dataset_version_number = self._version
        with _client() as client:
            whole: requests.Response = client.download_dataset(request)
        published = _MD5.search(whole.headers.get("x-goog-hash", ""))
        self.md5 = b64decode(published[1]).hex() if published else ""
        if not start:
            return whole
        # Kaggle has led to the file itself, which can be asked for from any byte on.
        whole.close()
        return ask("GET", whole.url, start)


def _version(number: int) -> str:
    return f"version {number}"


@contextmanager
def _client() -> Iterator[Any]:
    """Kaggle's client of data sets, with the credentials that kagglehub finds."""
    import kagglehub
    from kagglehub.config import KaggleApiCredentials, get_kaggle_credentials
    from kagglesdk.datasets.services.dataset_api_service import DatasetApiClient
    from kagglesdk.kaggle_http_client import KaggleHttpClient

    try:
        found = get_kaggle_credentials() or KaggleApiCredentials()
    except ValueError as error:
        raise UserError(f"{error}: correct or remove it") from None
    # Not kagglehub's own `build_kaggle_client`, which prints.
    with KaggleHttpClient(
        username=found.username,
        password=found.key,
        api_token=found.api_key,
        user_agent=f"kagglehub/{kagglehub.__version__}",
    ) as client:
        # It has no setting for timeouts.
        client._session.mount("http://", PatientAdapter())
        client._session.mount("https://", PatientAdapter())
        client._session.headers["Accept-Encoding"] = "identity"
        yield DatasetApiClient(client)
