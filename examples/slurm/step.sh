#!/bin/bash
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
# One task of an array: which of how many is in the variables that Slurm sets. Other schedulers have
# variables of their own, and need no more than these four lines.
set -euo pipefail
step=$1
shift
share=()
if [ "$step" != finish ]; then
    share=("${SLURM_ARRAY_TASK_ID:?}/${SLURM_ARRAY_TASK_COUNT:?}")
fi
exec ${COLLAPSE_STATS:-collapse-stats} profile "$@" "--$step" "${share[@]}"
