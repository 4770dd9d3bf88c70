"""Inference by programs that read the exported ONNX file: ONNX Runtime, OpenVINO."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.program import Options, Work

TOLERANCE = 1e-3
"""How far a probability may be from the reference's."""


def onnx_runtime(options: Options) -> Work:
    """Options of both: `onnx` and `reference`, paths; `batch`; `calls` a repetition."""
    import onnxruntime

    session = onnxruntime.InferenceSession(options["onnx"], providers=["CPUExecutionProvider"])
    return _work(lambda images: session.run(["probabilities"], {"images": images})[0], options, "onnxruntime")


def openvino(options: Options) -> Work:
    """In float32, as the others: where a processor has bfloat16, it would take that."""
    import openvino

    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(options["onnx"], "CPU", hints)
    return _work(lambda images: compiled(images)[0], options, "openvino")


def _work(predict: Callable[[Any], Any], options: Options, package: str) -> Work:
    reference = np.load(options["reference"])
    difference = np.abs(predict(reference["images"]) - reference["probabilities"]).max()
    if not difference <= TOLERANCE:
        raise ValueError(f"its answers differ: probabilities by {difference:.2g}")
    images = np.random.default_rng(0).integers(0, 256, (options["batch"], 256, 256, 3), dtype=np.uint8)

    def repeat() -> int:
        for _ in range(options["calls"]):
            predict(images)
        return int(options["calls"] * options["batch"])

    return Work(repeat, str(len(os.sched_getaffinity(0))), (package,))
