"""How the tasks that compute on an accelerator are told apart, so that a server can limit them."""

import os

GPU = "gpu"
"""The tag of the tasks that compute on a GPU, where there is one; a server can limit how many run at once."""


def gpu_tags() -> list[str]:
    """The tags of a task that computes on a GPU; none without a server.

    A temporary server never frees the slot of a run that was killed, and the next run would wait for it for ever.
    """
    return [GPU] if os.environ.get("PREFECT_API_URL") else []
