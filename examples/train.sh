#!/bin/bash
#SBATCH --job-name=fashion-mnist
#SBATCH --time=00:05:00
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --output=logs/%x-%j.out

# Trains a small network on Fashion-MNIST to an accuracy of 0.90 or more, in about a minute on one
# core. Nothing here is special to the site that runs it; submit it from the folder that holds
# examples/, or from examples/ itself.
set -euo pipefail

# A batch system runs a copy of this script, so the program is looked for where the job was
# submitted, not beside the script.
program=""
for folder in "${SLURM_SUBMIT_DIR:-$PWD}" "${SLURM_SUBMIT_DIR:-$PWD}/examples"; do
  if [[ -f "$folder/train_fashion_mnist.py" ]]; then
    program="$folder/train_fashion_mnist.py"
    break
  fi
done
if [[ -z "$program" ]]; then
  echo "train.sh: no train_fashion_mnist.py in ${SLURM_SUBMIT_DIR:-$PWD} or its examples/;" \
       "submit from one of these two folders." >&2
  exit 2
fi

# One thread per core that was granted: more of them only spin against each other.
export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}"
export OPENBLAS_NUM_THREADS="$OMP_NUM_THREADS"

echo "job ${SLURM_JOB_ID:-by-hand} on $(uname -n): $program"

# Debian's own Python: it is the one that sees python3-torch. exec, so that a signal sent to the
# job's first process reaches the training and lets it write its checkpoint.
task=(/usr/bin/python3 "$program" "$@")
if command -v srun >/dev/null; then
  exec srun "${task[@]}"
fi
exec "${task[@]}"
