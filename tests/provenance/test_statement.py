"""The statement of what made a model has the published fields, and what git and dvc.lock say, and no time."""

import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict, ParseError
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance as SlsaProvenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.provenance.statement import statement
from tests.reporting.results import ORIGIN, PARAMETERS, made_up

SOURCE = {"source": "directory", "location": "photos", "version": "sha256 ab"}
FILES = {"models/alexnet.keras": "weights", "metrics/data.json": "{}", "metrics/test.json": "{ }", "uv.lock": "lock"}


def sha256(text: str) -> dict[str, str]:
    return {"sha256": hashlib.sha256(text.encode()).hexdigest()}


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return Artifacts(tmp_path)


def made(artifacts: Artifacts, **of_origin: Any) -> dict[str, Any]:
    return statement(artifacts, PARAMETERS, SOURCE, made_up().train_metrics, replace(ORIGIN, **of_origin))


def validate(content: dict[str, Any]) -> None:
    """By in-toto's and SLSA's own messages, which refuse fields that they do not have."""
    message = ParseDict(content, StatementMessage())
    Statement.copy_from_pb(message).validate()
    predicate = ParseDict(content["predicate"], SlsaProvenance())
    assert predicate.build_definition.build_type
    assert predicate.build_definition.external_parameters.fields
    assert predicate.run_details.builder.id


def test_it_is_what_in_toto_and_slsa_publish(artifacts: Artifacts) -> None:
    content = made(artifacts)
    assert content["_type"] == "https://in-toto.io/Statement/v1"
    assert content["predicateType"] == "https://slsa.dev/provenance/v1"
    validate(json.loads(json.dumps(content)))
    validate(made(artifacts, commit=None, lock=None, digests={}))


def test_a_field_of_ours_among_the_published_ones_is_noticed(artifacts: Artifacts) -> None:
    content = copy.deepcopy(made(artifacts))
    content["predicate"]["buildDefinition"]["params"] = {}
    with pytest.raises(ParseError, match="params"):
        validate(content)


def test_it_names_model_data_code_lock_parameters_and_environment(artifacts: Artifacts) -> None:
    content = made(artifacts)
    digest = {**sha256("weights"), "md5": "2b" * 16}
    assert content["subject"] == [{"name": "models/alexnet.keras", "digest": digest}]
    build, run = content["predicate"]["buildDefinition"], content["predicate"]["runDetails"]
    assert build["externalParameters"]["train"]["seed"] == 1
    assert build["internalParameters"]["weights_digest"] == "ab" * 32
    of = {each["name"]: each for each in build["resolvedDependencies"]}
    assert of["code"]["digest"] == {"gitCommit": "12345678" * 5}
    assert of["code"]["annotations"]["changesNotCommitted"] is False
    assert of["code"]["annotations"]["code"] == "c0de" * 4
    assert of["uv.lock"]["digest"] == sha256("lock")
    assert of["data/images"]["digest"] == {"dvcDirectoryMd5": "1a" * 16}
    assert run["builder"]["version"].keys() == {"alexnet-pipe", "dvc", "python", "keras"}
    assert [each["digest"] for each in run["byproducts"]] == [sha256("{}"), sha256("{ }")]


def test_the_source_is_told_beside_its_digest(artifacts: Artifacts) -> None:
    content = made(artifacts, digests={"data/source": "4d" * 16 + ".dir"})
    dependencies = content["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert {"name": "data/source", "digest": {"dvcDirectoryMd5": "4d" * 16}, "annotations": SOURCE} in dependencies


def test_the_same_state_makes_the_same_bytes_and_another_model_others(artifacts: Artifacts) -> None:
    before = json.dumps(made(artifacts))
    assert json.dumps(made(artifacts)) == before
    artifacts.model.write_text("weighty")
    assert made(artifacts)["subject"][0]["digest"]["sha256"] == sha256("weighty")["sha256"]
