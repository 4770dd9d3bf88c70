"""Exit status and messages of the command line."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from alexnet_pipe import cli
from alexnet_pipe.base.errors import StoppedError, UserError
from alexnet_pipe.base.signals import keeping_nothing
from alexnet_pipe.cli.doctor import _disk, _repository
from alexnet_pipe.cli.settings import preset
from alexnet_pipe.cli.stage import STAGES
from alexnet_pipe.cli.versions import certify, promote, rollback
from tests.patience import HANGS


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alexnet_pipe", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_an_unknown_stage_is_a_usage_error_that_lists_the_stages(tmp_path: Path) -> None:
    result = run("stage", "trian", cwd=tmp_path)
    assert result.returncode == 2
    assert "'trian' is no stage" in result.stderr
    assert "evaluate" in result.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["trian"], "No such command 'trian'. Did you mean 'retrain'? (`alexnet-pipe --help` shows what there is)"),
        (
            ["predict"],
            "predict: Missing argument 'PHOTO|FOLDER|LIST|-' (`alexnet-pipe predict --help` shows what there is)",
        ),
        (
            ["export"],
            "export: Missing option '--format'. Choose from: onnx, onnx-float16, onnx-int8, saved-model, "
            "tflite, bundle, bundle-float16, bundle-int8 (`alexnet-pipe export"
            " --help` …)",
        ),
        (
            ["doctor", "--dat"],
            "doctor: No such option: --dat (Possible options: --data) (`alexnet-pipe doctor --help` …)",
        ),
    ],
)
def test_what_the_command_line_does_not_understand_is_one_line_and_status_2(
    words: list[str], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", *words])
    monkeypatch.setattr(cli, "unwind_on_signals", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"alexnet-pipe: {line.replace('…', 'shows what there is')}\n"


def test_without_words_the_command_line_shows_its_help_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe"])
    monkeypatch.setattr(cli, "unwind_on_signals", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert "import-weights" in shown.out
    assert shown.err == ""


def test_a_users_mistake_is_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("train:\n  batch_siz: 3\n")
    result = run("stage", "mean", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "alexnet-pipe: params.yaml: train.batch_siz is not a known parameter; did you mean train.batch_size?"
    ]


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    result = run("--debug", "stage", "mean", cwd=tmp_path)
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "UserError: params.yaml is missing" in result.stderr


def test_a_missing_input_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("{}\n")
    result = run("stage", "resize", cwd=tmp_path)
    assert result.returncode == 1
    assert "data/manifest.parquet is missing: run `dvc repro`" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "data/x.npy"),
            1,
            "no space left on the device while writing",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", ".prefect"),
            1,
            ".prefect: permission denied: work in",
        ),
        (OSError(errno.EROFS, "Read-only file system", "data"), 1, "data: read-only file system: work in a folder"),
        (MemoryError("9 GB"), 1, "out of memory (9 GB)"),
        (RuntimeError("two\nlines"), 1, "RuntimeError: two lines (`alexnet-pipe --debug …` shows the traceback)"),
        (UserError("say it"), 1, "say it"),
    ],
)
def test_every_failure_is_one_line(
    error: BaseException,
    status: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(prog_name: str, standalone_mode: bool) -> None:
        raise error

    monkeypatch.delenv("ALEXNET_PIPE_DEBUG", raising=False)
    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == status
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"alexnet-pipe: {expected}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_one_line_also_in_the_background_of_a_script(number: signal.Signals) -> None:
    wait = """
import time
from alexnet_pipe import cli

@cli.app.command()
def wait() -> None:
    print("waiting", flush=True)
    time.sleep(600)

cli.main()
"""
    # As a shell that reads a script starts what it puts into the background.
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c", wait, "wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 128 + number
    assert errors == f"alexnet-pipe: stopped by {number.name}; run the same command again to go on\n"


def test_what_keeps_nothing_says_so_when_it_is_stopped() -> None:
    @keeping_nothing()
    def stopped() -> None:
        raise StoppedError(signal.SIGINT)

    with pytest.raises(StoppedError, match=r"stopped by SIGINT; nothing was kept: the same command begins anew$"):
        stopped()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_one_line_also_while_the_command_line_is_imported(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(600)\n")
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-m", "alexnet_pipe", "doctor"],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 128 + number
    assert errors == f"alexnet-pipe: stopped by {number.name}; run the same command again to go on\n"


def test_what_nohup_has_started_outlasts_its_terminal(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\nos._exit(7)\n")
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-m", "alexnet_pipe", "doctor"]
    result = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (7, "")

    hang_up = """
import os, signal
from alexnet_pipe.base.signals import unwind_on_signals

unwind_on_signals()
os.kill(os.getpid(), signal.SIGHUP)
"""
    subprocess.run([*command[:4], sys.executable, "-c", hang_up], check=True)


@pytest.mark.parametrize("verb", ["run", "retrain", "experiments", "server", "serve"])
def test_what_needs_the_projects_folder_says_so_elsewhere(verb: str, tmp_path: Path) -> None:
    result = run(verb, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"alexnet-pipe: {tmp_path} has no flows/pipeline.py: run this from the project's folder"
    ]


def test_a_folder_in_which_others_cannot_work_is_named(tmp_path: Path) -> None:
    (folder := tmp_path / "why? {me}").mkdir()
    result = run("run", cwd=folder)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.endswith("DVC or Prefect cannot work in a folder with ? { } in its path: rename it")


def test_a_shell_in_which_names_are_no_utf_8_is_named(tmp_path: Path) -> None:
    shutil.copy("params.yaml", tmp_path)
    command = ["env", "PYTHONUTF8=0", "LC_ALL=POSIX", sys.executable, "-m", "alexnet_pipe", "set", "dataset.location=ü"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 1
    said = (
        "alexnet-pipe: names are read as ascii, and one has other letters: `unset PYTHONUTF8` or set LC_ALL to C.UTF-8"
    )
    assert result.stderr.splitlines() == [said]


@pytest.mark.parametrize("verb", [lambda: promote(), lambda: promote("HEAD"), rollback, certify, preset])
def test_what_needs_the_projects_folder_leaves_nothing_elsewhere(
    verb: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"run( this)? from the project's (top )?folder"):
        verb()
    assert not list(tmp_path.iterdir())


def test_a_fork_of_a_command_ends_as_any_process_does() -> None:
    fork = """
import multiprocessing, time
from alexnet_pipe.base.signals import unwind_on_signals

unwind_on_signals()
process = multiprocessing.get_context("fork").Process(target=time.sleep, args=[60])
process.start()
process.terminate()
process.join()
print(process.exitcode)
"""
    result = subprocess.run([sys.executable, "-c", fork], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == (f"{-signal.SIGTERM}\n", "")


def test_doctor_reports_a_broken_configuration(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("train:\n  batch_siz: 3\n")
    result = run("doctor", cwd=tmp_path)
    assert result.returncode == 1
    assert "problem  params.yaml: train.batch_siz is not a known parameter" in result.stdout
    assert "tensorflow will use cpu:0" in result.stdout.lower()
    assert result.stderr == ""


def test_doctor_names_a_folder_that_may_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Whoever runs the tests may have every right.
    monkeypatch.setattr(os, "access", lambda path, _: path != Path(".dvc"))
    assert "may not" not in _disk()[1]
    Path(".dvc").mkdir()
    told = f"{tmp_path}/.dvc may not be written to: work in a folder that you may write to"
    assert _disk() == (False, told)


def test_doctor_names_a_folder_in_which_dvc_cannot_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a {b}"
    (folder / ".dvc").mkdir(parents=True)
    (folder / "dvc.yaml").touch()
    monkeypatch.chdir(folder)
    told = f"{folder}: DVC or Prefect cannot work in a folder with {{ }} in its path: rename it"
    assert _repository() == (False, told)


def test_doctor_names_a_card_that_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("{}\n")
    driver = tmp_path / "bin/nvidia-smi"
    driver.parent.mkdir()
    driver.write_text("#!/bin/sh\necho 'NVIDIA X1, 81559 MiB, 570.1'\n")
    driver.chmod(0o755)
    environment = {**os.environ, "PATH": f"{driver.parent}:{os.environ['PATH']}"}
    result = subprocess.run(
        [sys.executable, "-m", "alexnet_pipe", "doctor"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "cpu:0, and not NVIDIA X1, 81559 MiB, 570.1: run `make setup GPU=1`" in result.stdout


def test_a_backend_that_is_not_known_is_a_problem_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("{}\n")
    problem = "KERAS_BACKEND is 'torch', and known are tensorflow and jax: `unset KERAS_BACKEND`"
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    for verb, told in (("doctor", f"problem  {problem}"), ("stage pca", f"alexnet-pipe: {problem}")):
        command = [sys.executable, "-m", "alexnet_pipe", *verb.split()]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert told in (done.stdout + done.stderr).splitlines()


def test_a_name_from_outside_does_not_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text('dataset:\n  source: directory\n  location: "/no/\\e[31mRED\\n/x"\n')
    result = run("stage", "download", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(r"alexnet-pipe: dataset.location: /no/\x1b[31mRED\n/x does not exist")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", ["run", "retrain"])
def test_a_misspelt_setting_is_refused_before_anything_starts(verb: str) -> None:
    command = [sys.executable, "-m", "alexnet_pipe", verb, "--set", "train.max_epoch=1"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "alexnet-pipe: --set: train.max_epoch is not a known parameter; did you mean train.max_epochs?\n"
    )


def test_the_help_of_a_verb_wraps_as_the_terminal_does_and_names_the_stages() -> None:
    commands: Any = typer.main.get_command(cli.app)
    for name, command in commands.commands.items():
        assert not re.search(r"(?<!\n)\n(?!\n)", command.help), name
        assert "[[" not in command.get_usage(command.context_class(command)), name
    named = {stage for stage in STAGES if stage in commands.commands["run"].params[0].help}
    assert named == set(STAGES)


def test_the_copy_of_a_project_does_not_run_the_first_ones_code(tmp_path: Path) -> None:
    (tmp_path / "src/alexnet_pipe").mkdir(parents=True)
    result = run("doctor", cwd=tmp_path)
    assert result.returncode == 1
    root = Path(cli.__file__).parents[3]
    assert result.stderr == (
        f"alexnet-pipe: this program is that of {root}, not the project in this folder: run `make setup` here\n"
    )
