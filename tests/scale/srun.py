"""What SLURM's `srun` does for a script, on one machine: processes as many as asked for, with a step's variables."""

import os
import subprocess
import sys
import time


def main(arguments: list[str]) -> int:
    """The highest exit status of all, that of a signal being 128 and its number, as `srun` has it."""
    options = dict(each.removeprefix("--").split("=") for each in arguments if each.startswith("--"))
    command = arguments[len(options) :]
    count = int(options.get("ntasks", os.environ["SLURM_NTASKS"]))
    nodes = int(options.get("nodes", os.environ["SLURM_JOB_NUM_NODES"]))
    step = {"SLURM_STEP_NODELIST": f"node[0-{nodes - 1}]", "SLURM_NTASKS": str(count)}
    tasks = [
        subprocess.Popen(
            command,
            env=os.environ | step | {"SLURM_PROCID": str(number), "SLURM_LOCALID": str(number % (count // nodes))},
        )
        for number in range(count)
    ]
    # What a site may have made the default.
    ends_others = options.get("kill-on-bad-exit", "1") != "0"
    while (statuses := [task.poll() for task in tasks]).count(None):
        if ends_others and any(statuses):
            for task in tasks:
                task.terminate()
        time.sleep(0.01)
    return max(status if status >= 0 else 128 - status for status in statuses if status is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
