"""`alexnet-pipe suspects` and `relabel`: labels that are probably wrong, and what a person has decided about them."""

from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.signals import keeping_nothing
from alexnet_pipe.base.terminal import output_console, plain_table

_LISTED = 10


@keeping_nothing()
def suspects(
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write those found as CSV too, to be reviewed for `alexnet-pipe relabel`."),
    ] = None,
) -> None:
    """Rank all photographs by how wrong their label looks to the others (confident learning).

    The ranking is in data/suspects.parquet; the next report shows the first of it.
    """
    if out is not None and (out.suffix != ".csv" or out.is_dir()):
        raise UserError(f"--out {out}: name a file that ends in .csv")
    from alexnet_pipe.evaluation.label_errors import find_label_errors, review_table

    artifacts = Artifacts()
    table = find_label_errors(artifacts)
    found = table[table["found"]]
    shown = found.head(_LISTED)[["member", "split", "given", "suspected", "quality"]]
    if len(shown):
        rows = [(*names, f"{quality:.2%}") for *names, quality in shown.itertuples(index=False)]
        output_console().print(plain_table(("photograph", "split", "label", "perhaps", "label's probability"), rows))
    if out is not None:
        with written_aside(out) as aside:
            review_table(found).to_csv(aside, index=False)
    say(f"suspects: {len(found):,} of {len(table):,} labels are probably wrong; {artifacts.suspects} has all, ranked")
    then = f"; `alexnet-pipe relabel {out}` takes what you leave in it" if out and len(found) else ""
    say(f"next: `dvc repro` shows them in the report{then}")


def relabel(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="CSV with the columns image (a path or SHA-256) and label (a class, or drop)."
        ),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Give the photographs in FILE, or all, the labels of the source again.")
    ] = False,
) -> None:
    """Put labels right, or drop photographs, in the next run; no photograph changes its split.

    What you decide lies in conf/relabelled.csv, by the bytes of the photographs. The source stays as it is.
    """
    if file is None and not undo:
        raise typer.BadParameter("name the table of what you have decided", param_hint="FILE")
    from alexnet_pipe.base.files import load_table
    from alexnet_pipe.datasets.relabelled import load_overrides, save_overrides, with_overrides
    from alexnet_pipe.datasets.reviewed import named_photographs, relabelled
    from alexnet_pipe.project.run_lock import require_idle

    require_idle(Path())
    artifacts = Artifacts()
    before = load_overrides(artifacts.relabelled)
    if undo:
        named = named_photographs(file, load_table(artifacts.manifest)) if file else set(before)
        after = {digest: override for digest, override in before.items() if digest not in named}
    else:
        assert file is not None
        manifest = load_table(artifacts.manifest)
        after = relabelled(file, manifest, before)
        with_overrides(manifest, after, artifacts.relabelled)
    if after == before:
        say(f"relabel: {artifacts.relabelled} stays as it is, with {len(before):,} lines")
        return
    save_overrides(artifacts.relabelled, after)
    dropped = sum(not override.label for override in after.values())
    say(
        f"relabel: {len(after) - dropped:,} relabelled and {dropped:,} dropped in {artifacts.relabelled}, where "
        f"{len(before):,} were before; next: commit it, and `alexnet-pipe run`"
    )
