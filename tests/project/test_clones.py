"""A clone of the project finds the project's data, whatever its folder is called."""

from pathlib import Path

from dvc.config import Config
from dvc.repo import Repo

from alexnet_pipe.project.checkout import Checkout, git
from alexnet_pipe.project.clones import _share_data, shared_clone
from tests.repositories import make_repository


def test_the_cache_and_the_remotes_of_a_folder_with_any_name_are_found_from_a_clone_in_it(tmp_path: Path) -> None:
    root = tmp_path / "Müller's #1"
    copy = root / ".prefect/challenger"
    (copy / ".dvc").mkdir(parents=True)
    Repo.init(str(root), no_scm=True).close()
    (root / ".dvc/config").write_text(
        "[core]\nno_scm = true\n['remote \"beside\"']\nurl = ../beside\n['remote \"far\"']\nurl = s3://bucket/here\n"
    )
    _share_data(root, copy)
    settings = Config(str(copy / ".dvc"))
    assert Path(settings["cache"]["dir"]).resolve() == root / ".dvc/cache"
    assert Path(settings["remote"]["beside"]["url"]).resolve() == root / "beside"
    assert settings["remote"]["far"]["url"] == "s3://bucket/here"


def test_a_clone_shares_no_file_with_the_project_which_may_lie_where_git_cannot_link(tmp_path: Path) -> None:
    make_repository(tmp_path)
    project = Checkout(tmp_path)
    git(project, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "First")
    copy = shared_clone(project, ".prefect/challenger")
    files = [path for path in (copy.root / ".git/objects").rglob("*") if path.is_file()]
    assert {path.stat().st_nlink for path in files} == {1}
