#!/bin/bash
# One task of a clip, as a Slurm array job runs it: `sbatch --array=0-LAST task.sh FOLDER`.
#
# redact reads the task's number from SLURM_ARRAY_TASK_ID. What a killed task had written is not
# used; a task that was done before ends at once. So a task may be run again at any time.
#SBATCH --job-name=redact
#SBATCH --requeue
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=02:00:00
set -u

# Not `exec`: Slurm must see the exit status 137 of a killed process, which RequeueExit names.
"${REDACT:-redact}" worker --plan "$1/chunks.json" --threads "${SLURM_CPUS_PER_TASK:-1}"
exit $?
