#!/bin/bash
#SBATCH --job-name=learning-rates
#SBATCH --time=00:02:00
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --array=1-3%2
#SBATCH --output=logs/%x-%A_%a.out

# Three learning rates, two at a time, each trained for one short epoch on 6,400 images. No target:
# a sweep compares, and the comparison is in the metrics of the three runs.
set -euo pipefail

rates=(unused 0.0005 0.002 0.008)
task="${SLURM_ARRAY_TASK_ID:?this is an array job; by hand, set SLURM_ARRAY_TASK_ID to 1, 2 or 3}"
rate="${rates[$task]:?there is no learning rate for task $task}"

program=""
for folder in "${SLURM_SUBMIT_DIR:-$PWD}" "${SLURM_SUBMIT_DIR:-$PWD}/examples"; do
  if [[ -f "$folder/train_fashion_mnist.py" ]]; then
    program="$folder/train_fashion_mnist.py"
    break
  fi
done
if [[ -z "$program" ]]; then
  echo "array.sh: no train_fashion_mnist.py in ${SLURM_SUBMIT_DIR:-$PWD} or its examples/;" \
       "submit from one of these two folders." >&2
  exit 2
fi

export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}"
export OPENBLAS_NUM_THREADS="$OMP_NUM_THREADS"

echo "task $task: learning rate $rate"
exec /usr/bin/python3 "$program" --images 6400 --epochs 1 --learning-rate "$rate" --target 0
