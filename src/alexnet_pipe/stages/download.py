"""Stage `download`: where the photographs are, and a manifest that labels and splits them."""

from alexnet_pipe.base.files import load_json, save_json, written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import without_secrets
from alexnet_pipe.datasets.manifest import describe, make_manifest, save_manifest
from alexnet_pipe.datasets.source import Source, source_of
from alexnet_pipe.params.dataset import DatasetParams


def run(artifacts: Artifacts, dataset: DatasetParams) -> None:
    """Write source, manifest and version, all or none."""
    source = _source(artifacts, dataset)
    with written_aside(artifacts.source) as folder, written_aside(artifacts.manifest) as table:
        folder.mkdir()
        version = source.fetch(folder)
        index = source.index(folder)
        manifest = make_manifest(index, folder, dataset, source.where)
        save_manifest(table, manifest)
        labels = {"labels": str(index.attrs["labels"])} if "labels" in index.attrs else {}
        save_json(artifacts.source_version, _identity(dataset) | {"version": version} | labels)
    say(f"download: {describe(manifest)}")


def newer(artifacts: Artifacts, dataset: DatasetParams) -> str | None:
    """What the source has that the last download did not get, in one line, or None; one cheap request."""
    if not artifacts.source_version.exists():
        return "nothing has been downloaded yet"
    had = load_json(artifacts.source_version)
    if _identity(dataset).items() - had.items():
        return f"dataset.source and dataset.location were {had['source']} {had['location'] or ''}".rstrip()
    now = _source(artifacts, dataset).version()
    return None if now == had["version"] else f"{had['version']} was downloaded, and now there is {now}"


def _source(artifacts: Artifacts, dataset: DatasetParams) -> Source:
    return source_of(dataset, clear_of=artifacts.source, downloads=artifacts.downloads)


def _identity(dataset: DatasetParams) -> dict[str, str | None]:
    return {"source": dataset.source, "location": dataset.location and without_secrets(dataset.location)}
