"""What the processor can do."""

from pathlib import Path

_FLAGS = Path("/proc/cpuinfo")


def has_fast_bfloat16() -> bool:
    """Whether it multiplies in bfloat16; elsewhere that is slower than float32."""
    return _FLAGS.exists() and any(name in _FLAGS.read_text() for name in ("avx512_bf16", "amx_bf16"))
