"""Libraries start as this project needs them, whatever surrounds it, and without packages that are not needed."""

import gc
import json
import os
import subprocess
import sys
import urllib.request
from importlib import import_module
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.startup import (
    PROGRAM,
    XLA_WITHOUT_YNN,
    as_if_missing,
    kept_imports,
    keras_backend,
    reach_this_machine_directly,
    without_notices,
)


def test_a_package_is_missing_inside_the_block_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_for_this_test.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with as_if_missing("made_for_this_test"), pytest.raises(ModuleNotFoundError):
        import_module("made_for_this_test")
    loaded = import_module("made_for_this_test")
    with as_if_missing("made_for_this_test"):
        assert import_module("made_for_this_test") is loaded
    monkeypatch.delitem(sys.modules, "made_for_this_test")


def test_keras_starts_without_plots_and_tables_and_not_as_other_programs_want_it(tmp_path: Path) -> None:
    wanted = {"floatx": "float64", "epsilon": 0.1, "image_data_format": "channels_first", "backend": "torch"}
    (tmp_path / "keras.json").write_text(json.dumps(wanted))
    code = """import sys, alexnet_pipe.model, keras
print([name for name in ('matplotlib', 'pandas') if name in sys.modules])
print(keras.config.floatx(), keras.config.dtype_policy().name, keras.config.epsilon())
print(keras.config.image_data_format())"""
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["[]", "float32 float32 1e-07", "channels_last"]


def test_a_shells_settings_for_other_programs_do_not_reach_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", "/somewhere")
    monkeypatch.setenv("KERAS_MAX_STEPS_PER_EPOCH", "1")
    monkeypatch.setenv("KERAS_BACKEND", "")
    with without_notices():
        assert os.environ["KERAS_HOME"] == os.devnull
        assert "KERAS_MAX_STEPS_PER_EPOCH" not in os.environ
        assert os.environ["KERAS_BACKEND"] == "tensorflow"


@pytest.mark.parametrize("name", ["torch", "theano", "Tensorflow", "jax "])
def test_a_backend_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("KERAS_BACKEND", name)
    with (
        pytest.raises(UserError, match=f"^KERAS_BACKEND is '{name}', and known are tensorflow and jax"),
        without_notices(),
    ):
        pass


def test_a_backend_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setitem(sys.modules, "jax", None)
    with (
        pytest.raises(
            UserError,
            match=r"^jax is not installed: run `make setup`, or `pip install .+\[jax\].`, or `unset KERAS_BACKEND`$",
        ),
        without_notices(),
    ):
        pass


def test_jax_is_kept_from_a_slow_library_and_a_users_flags_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=/tmp/x")
    with without_notices("jax"):
        pass
    with without_notices("jax"):
        pass
    assert os.environ["XLA_FLAGS"].split() == ["--xla_dump_to=/tmp/x", XLA_WITHOUT_YNN]
    # XLA ends a program that has a flag that it does not know.
    code = "import jax; print(jax.devices()[0].platform)"
    environment = {**os.environ, "XLA_FLAGS": XLA_WITHOUT_YNN, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cpu"]


def test_the_backend_of_a_training_is_that_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    told = "^train.backend is jax, and KERAS_BACKEND is tensorflow: `unset KERAS_BACKEND`, or `alexnet-pipe set train"
    with pytest.raises(UserError, match=told):
        keras_backend("jax")
    monkeypatch.delenv("KERAS_BACKEND")
    assert keras_backend("jax") == "jax"
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert keras_backend() == "jax"
    with pytest.raises(UserError, match=r"^tensorflow is not installed: .* `alexnet-pipe set train\.backend=jax`$"):
        keras_backend("tensorflow")


@pytest.mark.parametrize(("excepted", "bypassed"), [("", False), ("example.org", True), ("*", True)])
def test_no_proxy_sees_what_is_for_this_machine(excepted: str, bypassed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, excepted)
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    reach_this_machine_directly()
    assert urllib.request.proxy_bypass("127.0.0.1:4200")
    assert bool(urllib.request.proxy_bypass("example.org")) is bypassed


def test_what_is_imported_is_not_searched_for_garbage_and_what_comes_later_is() -> None:
    before = gc.get_freeze_count()
    with kept_imports():
        assert not gc.isenabled()
    found = gc.isenabled(), gc.get_freeze_count() > before
    gc.unfreeze()
    assert found == (True, True)


def test_a_program_of_others_runs_as_it_does_by_itself(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("import sys; print(__name__, sys.argv); sys.exit(3)")
    ran = [
        subprocess.run(
            [sys.executable, "-m", *through, "other", "-x", "y z"], cwd=tmp_path, capture_output=True, text=True
        )
        for through in ([], [PROGRAM])
    ]
    assert ran[0].stdout == f"__main__ {[str(tmp_path / 'other.py'), '-x', 'y z']}\n"
    assert {(each.returncode, each.stdout, each.stderr) for each in ran} == {(3, ran[0].stdout, "")}
