"""However folders are nested and called: each file has one label, or is told, or one line says why there are none."""

from hypothesis import given
from hypothesis import strategies as st

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folders.layout import index_members

FOLDERS = st.sampled_from(
    [
        "train",
        "Train",
        "test1",
        "val",
        "seg_train",
        "train_station",
        "images",
        "masks",
        "meta",
        "part_1",
        "part_2",
        "cats",
        "dogs",
        "a",
        "ab",
        "0",
        "1",
        ".hidden",
        "fold 2",
        "100CANON",
        "\n\x1b[2J",
    ]
)
NAMES = st.sampled_from(["1.jpg", "2.JPG", "3", "read.txt", "README", ".x", "b.xml"])
FILES = st.sets(st.tuples(st.lists(FOLDERS, max_size=4), NAMES).map(lambda path: "/".join([*path[0], path[1]])) | NAMES)


@given(FILES, st.booleans())
def test_every_file_is_labelled_counted_or_left_out_with_a_remark(files: set[str], alike: bool) -> None:
    visible = [name for name in files if not any(part.startswith(".") for part in name.split("/"))]
    try:
        rows, outside, said = index_members(sorted(files), [], "set", lambda one, other: alike)
    except UserError as error:
        said = [str(error)]
    else:
        assert rows["member"].is_unique
        assert set(rows["member"]) <= set(visible)
        left_out = len(visible) - len(rows) - len(outside)
        assert left_out >= 0
        assert bool(left_out) <= bool(said)
    assert all(map(str.isprintable, said))
