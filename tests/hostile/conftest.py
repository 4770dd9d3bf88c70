"""How many cases are tried: 200 that are always the same, or with HYPOTHESIS_PROFILE=long 2,000 new ones each time."""

import os

from hypothesis import HealthCheck, settings

_COMMON = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ordinary", _COMMON, max_examples=200, derandomize=True)
settings.register_profile("long", _COMMON, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))
