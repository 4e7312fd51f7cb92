#!/bin/bash
# Counts a corpus with a Slurm array, then merges it by parts of the key space, then writes the
# profile. Each step begins when the one before it has succeeded; what is done is kept in WORK, so
# that submitting again counts what is missing only.
#
#     TASKS=64 REDUCES=8 examples/slurm/submit.sh CORPUS -o DIR --work-dir WORK [options of profile]
#
# SBATCH_OPTIONS holds what your cluster asks for: a partition, an account, a time limit.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tasks=${TASKS:-16} reduces=${REDUCES:-4}
sbatch=(sbatch --parsable ${SBATCH_OPTIONS:-})

count=$("${sbatch[@]}" --array="0-$((tasks - 1))" --requeue "$here/step.sh" task "$@")
reduce=$("${sbatch[@]}" --array="0-$((reduces - 1))" --requeue \
    --dependency="afterok:${count%%;*}" "$here/step.sh" reduce "$@")
"${sbatch[@]}" --dependency="afterok:${reduce%%;*}" "$here/step.sh" finish "$@"
