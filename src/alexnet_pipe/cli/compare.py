"""`alexnet-pipe compare`."""

from pathlib import Path
from typing import Annotated

import typer

_REVISION = "A commit, branch, tag or experiment; alexnet@VERSION or alexnet@STAGE of the model registry; or workspace."


def compare(
    first: Annotated[str, typer.Argument(metavar="REV", help=_REVISION)],
    second: Annotated[
        str, typer.Argument(metavar="[REV]", help="The other; the workspace if nothing is said.")
    ] = "workspace",
    html: Annotated[Path | None, typer.Option(help="Write a page with the images that changed sides.")] = None,
) -> None:
    """Compare two versions on the same test images: errors, what made them differ, and which images changed sides."""
    from alexnet_pipe.comparison.compare_page import write_page
    from alexnet_pipe.comparison.compare_revisions import read_version
    from alexnet_pipe.comparison.compared import compare_versions, print_comparison

    found = compare_versions(read_version(first), read_version(second))
    print_comparison(found)
    if html:
        write_page(html, found)
        print(f"compare: {html}, {html.stat().st_size / 1e6:.1f} MB")
