"""What the service says of itself and its model; the Open Inference Protocol, as its clients speak it."""

import asyncio
import base64
import io
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from alexnet_pipe.evaluation.ten_views import ten_view_answers
from alexnet_pipe.inference import questions
from alexnet_pipe.inference.answering import Answering
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.inference.model_source import ModelSource, Served, ServedModel
from alexnet_pipe.inference.routes import application
from alexnet_pipe.model.model_file import as_stored
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.portable.network import Network, network_of
from alexnet_pipe.serving.named_files import pixels_of
from tests.exporting.test_export import CLASSES, classifier
from tests.inference.services import photograph
from tests.inference.test_batching import Gated, image, until
from tests.patience import HANGS

INFER = "/v2/models/alexnet/infer"
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(as_stored(classifier()))


@pytest.fixture(scope="module")
def served(network: Network) -> ServedModel:
    model = ServedModel(ModelSource("m.keras"), Measures())
    model.current = Served("alexnet@prod", "abc", network, {"top1_error": 0.25})
    return model


@pytest.fixture
def client(served: ServedModel) -> Iterator[TestClient]:
    with TestClient(application(Answering(served, 16, Measures(), HANGS)), base_url="http://127.0.0.1:8000") as client:
        yield client


def expected(network: Network, *contents: bytes) -> NDArray[np.float32]:
    params = ResizeParams.model_validate(network.resize)
    images = np.stack([pixels_of(content, params) for content in contents])
    return ten_view_answers(network, images)


def test_the_model_is_described(client: TestClient, network: Network) -> None:
    told = client.get("/model").json()
    assert told["classes"] == CLASSES
    assert (told["name"], told["source"], told["commit"]) == ("alexnet", "alexnet@prod", "abc")
    assert told["version"] == told["weights_digest"][:12] == network.weights_digest[:12]
    assert told["input"] == {"height": 256, "width": 256, "channels": 3, "crop": 227, **network.resize}
    assert told["metrics"] == {"top1_error": 0.25}


def test_before_there_is_a_model_it_is_alive_and_not_ready() -> None:
    nothing = ServedModel(ModelSource("m.keras"), Measures())
    with TestClient(application(Answering(nothing, 9, Measures())), base_url="http://127.0.0.1") as client:
        assert [client.get(path).status_code for path in ("/health", "/v2/health/live", "/v2", "/metrics")] == [200] * 4
        for path in ("/ready", "/v2/health/ready", "/model", "/v2/models/alexnet", "/v2/models/alexnet/ready"):
            assert client.get(path).status_code == 503
        answer = client.post("/predict", content=photograph(1))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_what_is_too_unsure_names_no_class(client: TestClient) -> None:
    sure = client.post("/predict?top=1", content=photograph(1)).json()["photographs"][0]["probabilities"][0]
    below, above = (
        client.post(f"/predict?min_confidence={bound:.6f}", content=photograph(1)).json()["photographs"][0]
        for bound in (sure - 1e-4, sure + 1e-4)
    )
    assert (below["outcome"], above["outcome"]) == ("predicted", "unsure")
    assert above["classes"] == above["probabilities"] == []
    assert "less than" in above["reason"]


@pytest.mark.parametrize("bound", ["", ".", "2", "1.1", "-0.5", "nan", "1e-1", "٠", "0.5 "])
def test_what_is_no_probability_is_no_bound(client: TestClient, bound: str) -> None:
    answer = client.post("/predict", params={"min_confidence": bound}, content=photograph(1))
    assert (answer.status_code, answer.json()["error"]) == (400, "min_confidence is a probability: 0 to 1, as 0.9")


def test_all_classes_are_told_best_first_and_their_names_are_exact(client: TestClient, network: Network) -> None:
    row = client.post("/predict?top=9", content=photograph(1)).json()["photographs"][0]
    said = expected(network, photograph(1))[0]
    assert row["classes"] == [CLASSES[label] for label in np.argsort(-said)]
    np.testing.assert_allclose(row["probabilities"], sorted(said, reverse=True), rtol=0, atol=1e-5)
    best = client.post("/predict?top=1", content=photograph(1)).json()["photographs"][0]
    assert best["classes"] == row["classes"][:1]


@pytest.mark.parametrize("top", ["0", "-1", "x", "1e9", "٣", "9999999999"])
def test_a_top_that_is_no_number_of_classes_is_told(client: TestClient, top: str) -> None:
    answer = client.post("/predict", params={"top": top}, content=photograph(1))
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("min-confidence=0.9", "'min-confidence' is no parameter: there are top and min_confidence"),
        ("top=1&x%1b%5B2J=1", "'x\\x1b[2J' is no parameter: there are top and min_confidence"),
        ("top=1&top=2", "top is given twice"),
    ],
)
def test_a_parameter_that_would_be_ignored_is_refused(client: TestClient, query: str, said: str) -> None:
    answer = client.post(f"/predict?{query}", content=photograph(1))
    assert (answer.status_code, answer.json()["error"]) == (400, said)


def test_what_is_counted_is_prometheus_text(client: TestClient) -> None:
    client.post("/predict", files=[("p", ("a.png", photograph(1))), ("p", ("b.png", b"nothing"))])
    for path in ("/a", "/b", "/v2/models/x", "/v2/models/alexnet/versions/0"):
        client.get(path)
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["alexnet_photographs_total", "predicted"] == samples["alexnet_photographs_total", "refused"] == 1
    assert samples["alexnet_requests_total", "predict", "200"] == 1
    assert samples["alexnet_requests_total", "none", "404"] == 3
    assert samples["alexnet_requests_total", "model_metadata", "404"] == 1
    assert samples["alexnet_batch_photographs_sum",] == 1
    assert samples["alexnet_photographs_waiting",] == 0
    assert samples["process_resident_memory_bytes",] > 1e6


def test_other_methods_and_places_are_errors_in_json(client: TestClient) -> None:
    for answer, status in (
        (client.get("/predict"), 405),
        (client.post("/model"), 405),
        (client.get("/docs"), 404),
        (client.post("/v2/models/other/infer"), 404),
        (client.post(f"/v2/models/alexnet/versions/{'0' * 12}/infer"), 404),
    ):
        assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_a_body_of_unknown_length_has_the_same_bound(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MOST_BYTES", 10_000)
    chunks = iter([b"x" * 6000, b"x" * 6000])
    assert client.post("/predict", content=chunks).status_code == 413
    assert client.post("/predict", content=b"x" * 10_001).status_code == 413
    assert client.post("/predict", content=iter([photograph(1, (20, 20))])).status_code == 200


def test_a_body_that_does_not_come_is_waited_for_so_long(served: ServedModel) -> None:
    app = application(Answering(served, 9, Measures(), seconds=0.01))
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b""}
    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"100")]
    asyncio.run(app({**scope, "headers": headers}, never, send))
    assert [message.get("status") for message in sent] == [408, None]


def test_an_answer_that_does_not_come_is_waited_for_so_long(served: ServedModel) -> None:
    answering = Answering(served, 9, Measures(), seconds=HANGS)
    with TestClient(application(answering), base_url="http://127.0.0.1:8000") as client:
        assert client.post("/predict", content=photograph(1)).status_code == 200
        answering._seconds = 0.0
        answer = client.post("/predict", content=photograph(1))
        assert (answer.status_code, int(answer.headers["Retry-After"])) == (503, 1)
        answering._seconds = HANGS
        assert client.post("/predict", content=photograph(1)).status_code == 200


def test_what_nobody_waits_for_any_more_is_not_computed() -> None:
    network, sent = Gated(), []
    model = ServedModel(ModelSource("m.keras"), Measures())
    model.current = Served("m.keras", None, network, None)  # type: ignore[arg-type]
    answering = Answering(model, 9, Measures())
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b""}
    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"%d" % len(photograph(1)))]

    async def send(message: Any) -> None:
        sent.append(message)

    async def inside() -> None:
        async with answering.batches.working():
            first = asyncio.create_task(answering.batches.answers(network, [image(1)]))
            await until(lambda: network.given)
            come: asyncio.Queue[Any] = asyncio.Queue()
            come.put_nowait({"type": "http.request", "body": photograph(1)})
            asking = asyncio.create_task(application(answering)({**scope, "headers": headers}, come.get, send))
            await until(lambda: len(answering.batches._ready) == 1)
            come.put_nowait({"type": "http.disconnect"})
            await asking
            network.gate.set()
            await first
            await answering.batches.answers(network, [image(3)])

    asyncio.run(inside())
    assert sent[0]["status"] == 400
    assert network.given == [1, 1]


def test_a_network_that_fails_is_an_error_of_the_service(served: ServedModel, network: Network) -> None:
    class Failing:
        classes, resize, weights_digest = network.classes, network.resize, network.weights_digest

        def outputs(self, *_: object) -> None:
            raise RuntimeError("secret /path")

    broken = ServedModel(ModelSource("m.keras"), Measures())
    broken.current = Served("m.keras", None, Failing(), None)  # type: ignore[arg-type]
    app = application(Answering(broken, 9, Measures()))
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = client.post("/predict", content=photograph(1))
        assert (answer.status_code, answer.json()) == (500, {"error": "the service failed: RuntimeError"})
        assert client.get("/health").status_code == 200


def tensor(**fields: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "images", "datatype": "UINT8", "shape": [1, 256, 256, 3], **fields}]}


def encoded(*contents: bytes, **fields: Any) -> dict[str, Any]:
    data = [base64.b64encode(content).decode() for content in contents]
    given = {"name": "photographs", "datatype": "BYTES", "shape": [len(contents)], "data": data}
    return {"inputs": [{**given, **fields}]}


def images(n: int) -> NDArray[np.uint8]:
    return np.random.default_rng(n).integers(0, 256, (n, 256, 256, 3), dtype=np.uint8)


def probabilities(answer: Mapping[str, Any]) -> NDArray[np.float64]:
    (output,) = answer["outputs"]
    assert (output["name"], output["datatype"]) == ("probabilities", "FP32")
    return np.array(output["data"]).reshape(output["shape"])


def test_the_protocol_describes_server_and_model(client: TestClient, network: Network) -> None:
    assert client.get("/v2").json()["name"] == "alexnet-pipe"
    told = client.get("/v2/models/alexnet").json()
    assert told["versions"] == [network.weights_digest[:12]]
    assert {each["name"]: (each["datatype"], each["shape"]) for each in told["inputs"]} == {
        "photographs": ("BYTES", [-1]),
        "images": ("UINT8", [-1, 256, 256, 3]),
    }
    assert told["outputs"] == [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 4]}]
    version = f"/v2/models/alexnet/versions/{told['versions'][0]}"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/alexnet/ready", version, f"{version}/ready"):
        assert client.get(path).status_code == 200
    assert client.post(f"{version}/infer", json=encoded(photograph(1))).status_code == 200


def test_photographs_and_images_in_json(client: TestClient, network: Network) -> None:
    said = expected(network, photograph(1), photograph(2))
    for shape, nest in (([2], False), ([2, 1], False), ([2, 1], True)):
        question = encoded(photograph(1), photograph(2), shape=shape)
        if nest:
            question["inputs"][0]["data"] = [[text] for text in question["inputs"][0]["data"]]
        answer = client.post(INFER, json={"id": "7", **question}).json()
        assert (answer["id"], answer["model_name"]) == ("7", "alexnet")
        np.testing.assert_allclose(probabilities(answer), said, rtol=0, atol=1e-5)
    given = images(1)
    whole = ten_view_answers(network, given)
    for data in (given.tolist(), given.ravel().tolist()):
        found = client.post(INFER, json=tensor(data=data)).json()
        np.testing.assert_allclose(probabilities(found), whole, rtol=0, atol=1e-5)


def ask_in_binary(client: TestClient, question: Mapping[str, Any], *data: bytes) -> Any:
    head = json.dumps(question).encode()
    return client.post(INFER, content=head + b"".join(data), headers={LENGTH: str(len(head))})


def test_binary_data_both_ways(client: TestClient, network: Network) -> None:
    given = images(3)
    whole = ten_view_answers(network, given)
    question = tensor(shape=[3, 256, 256, 3], parameters={"binary_data_size": given.nbytes})
    np.testing.assert_allclose(
        probabilities(ask_in_binary(client, question, given.tobytes()).json()), whole, rtol=0, atol=1e-5
    )
    for wanted in (
        {"parameters": {"binary_data_output": True}},
        {"outputs": [{"name": "probabilities", "parameters": {"binary_data": True}}]},
    ):
        answer = ask_in_binary(client, {**question, **wanted}, given.tobytes())
        length = int(answer.headers[LENGTH])
        (output,) = json.loads(answer.content[:length])["outputs"]
        assert output["parameters"] == {"binary_data_size": len(answer.content) - length}
        np.testing.assert_allclose(
            np.frombuffer(answer.content[length:], "<f4").reshape(output["shape"]), whole, rtol=0, atol=1e-5
        )
    files = [photograph(1), photograph(2, (300, 200))]
    packed = b"".join(struct.pack("<I", len(file)) + file for file in files)
    question = encoded(shape=[2], data=None, parameters={"binary_data_size": len(packed)})
    del question["inputs"][0]["data"]
    found = probabilities(ask_in_binary(client, question, packed).json())
    np.testing.assert_allclose(found, expected(network, *files), rtol=0, atol=1e-5)


def test_tritons_classification(client: TestClient, network: Network) -> None:
    wanted = {"outputs": [{"name": "probabilities", "parameters": {"classification": 3}}]}
    (output,) = client.post(INFER, json={**encoded(photograph(1)), **wanted}).json()["outputs"]
    said = expected(network, photograph(1))[0]
    assert (output["datatype"], output["shape"]) == ("BYTES", [1, 3])
    for text, label in zip(output["data"], np.argsort(-said)[:3], strict=True):
        share, number, name = text.split(":", 2)
        assert (int(number), name) == (label, CLASSES[label])
        assert float(share) == pytest.approx(said[label], abs=1e-5)
    wanted["outputs"][0]["parameters"] |= {"binary_data": True}  # type: ignore[operator]
    answer = client.post(INFER, json={**encoded(photograph(1)), **wanted})
    data, found = io.BytesIO(answer.content[int(answer.headers[LENGTH]) :]), []
    while size := data.read(4):
        found.append(data.read(*struct.unpack("<I", size)).decode("utf-8", "surrogateescape"))
    assert found == output["data"]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ({}, "inputs: Field required"),
        ({"inputs": []}, "inputs: "),
        (tensor(), "the data of images are in the JSON, or are all that follows it"),
        (tensor(data=[1]), "images are 196,608 whole numbers"),
        (tensor(data=[[1], [1, 2]]), "images are 196,608 whole numbers"),
        (tensor(data=[0.5] * 196_608), "images are 196,608 whole numbers"),
        (tensor(data=[256] * 196_608), "images are 196,608 whole numbers"),
        (tensor(data=[-1] * 196_608), "images are 196,608 whole numbers"),
        (tensor(data=["1"] * 196_608), "images are 196,608 whole numbers"),
        (tensor(data=[True] * 196_608), "images are 196,608 whole numbers"),
        (tensor(data=[10**30] * 196_608), "images are 196,608 whole numbers"),
        (tensor(data=[]), "images are 196,608 whole numbers"),
        (tensor(datatype="FP32", data=[1]), "the input is one of photographs (BYTES), images (UINT8)"),
        (tensor(name="x", data=[1]), "the input is one of photographs (BYTES), images (UINT8)"),
        (tensor(shape=[1, 3, 256, 256], data=[1]), "the shape of images is [-1, 256, 256, 3]"),
        (tensor(shape=[0, 256, 256, 3], data=[]), "the shape of images is [-1, 256, 256, 3]"),
        (tensor(shape=[-1, 256, 256, 3], data=[]), "inputs.0.shape.0: "),
        (tensor(shape=[2**40], data=[]), "inputs.0.shape.0: "),
        (tensor(shape=[], data=[]), "the shape of images is"),
        (tensor(parameters={"binary_data_size": 10}), "the data of images are in the JSON, or are all that follows it"),
        (tensor(parameters={"binary_data_size": 10}, data=[1]), "the data of images are in the JSON"),
        (tensor(parameters={"binary_data_size": "x"}), "the data of images are in the JSON"),
        (encoded(b"x", shape=[2]), "photographs has 1 elements, and its shape says 2"),
        (encoded(b"x", data=["?"]), "photograph 0 is no base64"),
        (encoded(b"x", data=[1]), "photographs in JSON are strings of base64"),
        (encoded(b"x", data=[[["eA=="]]]), "photographs in JSON are strings of base64"),
        (encoded(photograph(1), b"nothing"), "photograph 1 is refused: not an image: no decoder knows it"),
        ({**encoded(b"x"), "outputs": [{"name": "logits"}]}, "there is no output 'logits'"),
        (
            {**encoded(b"x"), "outputs": [{"name": "probabilities", "parameters": {"classification": "x"}}]},
            "classification is a number of classes",
        ),
        ({"inputs": encoded(b"x")["inputs"] * 2}, "inputs: "),
    ],
)
def test_a_question_that_cannot_be_answered_is_told(client: TestClient, question: Any, reason: str) -> None:
    answer = client.post(INFER, json=question)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert len(answer.text) < 500


@pytest.mark.parametrize(
    ("length", "data", "reason"),
    [
        ("x", b"", "is not the length of a part of the body"),
        ("-1", b"", "is not the length of a part of the body"),
        ("99999999999999999999", b"", "is not the length of a part of the body"),
        ("5", b"", "the JSON is not as it should be"),
        (None, struct.pack("<I", 100) + b"x", "the binary data end within a photograph"),
        (None, b"\x01\0", "the binary data end within a photograph"),
        (None, struct.pack("<I", 2**32 - 1), "the binary data end within a photograph"),
        (None, struct.pack("<I", 1) + b"x" + struct.pack("<I", 1) + b"x", "photographs has 2 elements"),
    ],
)
def test_binary_data_that_are_none_are_told(client: TestClient, length: str | None, data: bytes, reason: str) -> None:
    question = encoded(b"x", parameters={"binary_data_size": len(data)})
    del question["inputs"][0]["data"]
    head = json.dumps(question).encode()
    answer = client.post(INFER, content=head + data, headers={LENGTH: length or str(len(head))})
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    "question",
    [
        encoded(*[b"x"] * 17),
        tensor(shape=[17, 256, 256, 3], data=[1]),
        tensor(data=[1] * 2_000_000),
        tensor(data=[[]] * 2_000_000),
    ],
)
def test_more_than_a_request_may_have_is_told(client: TestClient, question: Mapping[str, Sequence[Any]]) -> None:
    answer = client.post(INFER, json=question)
    assert (answer.status_code, list(answer.json())) == (413, ["error"])
