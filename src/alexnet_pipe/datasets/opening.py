"""Open an archive of either kind."""

from pathlib import Path

from alexnet_pipe.base.files import required
from alexnet_pipe.datasets.archive import Archive
from alexnet_pipe.datasets.tar_archive import TarArchive
from alexnet_pipe.datasets.zip_archive import ZipArchive


def open_archive(path: Path, where: str | None = None) -> Archive:
    """Open a zip archive or an uncompressed tar archive; also a context manager.

    Args:
        path: The archive; the ending `.tar` makes it a tar archive.
        where: What messages call the archive, if not `path`.

    Raises:
        UserError: if the archive is missing or damaged, or one of its members is encrypted, a bomb, neither a file nor
            a folder, compressed in a way that cannot be read, or has a name that is absolute, contains `..` or a zero
            byte, or is not valid UTF-8.
    """
    kind = TarArchive if path.name.lower().endswith(".tar") else ZipArchive
    archive = kind(required(path), where or str(path))
    try:
        archive.check()
    except BaseException:
        archive.close()
        raise
    return archive
