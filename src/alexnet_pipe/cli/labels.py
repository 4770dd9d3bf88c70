"""`alexnet-pipe suspects`: labels that are probably wrong."""

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
