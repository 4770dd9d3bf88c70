"""Files that are nothing but names and, some of them, content: what a labelling is tried on."""

from collections.abc import Iterable, Mapping

import pandas as pd

from alexnet_pipe.datasets.labelling.labelled import Files, Labelled


def files(photographs: Iterable[str], others: Mapping[str, str | bytes] | None = None) -> Files:
    contents = {name: text.encode() if isinstance(text, str) else text for name, text in (others or {}).items()}
    sizes = dict.fromkeys(photographs, 1) | {name: len(content) for name, content in contents.items()}
    return Files(sizes, (), lambda name: contents.get(name, name.encode()), "pets")


def shown(found: Labelled | None) -> list[str]:
    """`member label split`, a line a photograph."""
    assert found is not None
    rows: pd.DataFrame = found.rows
    return sorted(" ".join(row) for row in rows.itertuples(index=False, name=None))
