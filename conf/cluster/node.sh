#!/bin/bash
# What a node of trainjob.yaml or skypilot.yaml does: docs/scale.md, "Several processes and machines".
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH"
# A signal is for the program at work, whose status ends this one, too.
trap : TERM INT

if [ -n "${SKYPILOT_NODE_RANK:-}" ]; then
    export JAX_COORDINATOR_ADDRESS="${SKYPILOT_NODE_IPS%%$'\n'*}:8476"
    export JAX_NUM_PROCESSES="$SKYPILOT_NUM_NODES" JAX_PROCESS_ID="$SKYPILOT_NODE_RANK"
fi

if [ "${JAX_PROCESS_ID:-0}" -ne 0 ]; then
    dvc pull data/images mean pca
    alexnet-pipe run
    exit
fi

# Not all that dvc.lock names was made or pushed; a stage whose outputs do not come runs.
dvc pull --allow-missing
alexnet-pipe run
dvc push
# What git keeps of a run, for another clone: `git apply` there, and `dvc pull`.
git add --all
git diff --cached --binary > "${ALEXNET_PIPE_CHECKPOINTS:-checkpoints}/result.patch"
