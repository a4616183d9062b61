#!/bin/bash
#SBATCH --job-name=sweep
#SBATCH --time=00:02:00
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --gpus-per-node=1
#SBATCH --mem=500M
#SBATCH --output=logs/%x-%j.out

# One point of a sweep: a linear classifier of Fashion-MNIST with the learning rate of the first argument.
#   sbatch sweep.sh 0.05
# It asks for a GPU, as sweeps do, and uses NumPy, so that it also runs where Slurm's GPUs are only names.
set -euo pipefail

program="${SLURM_SUBMIT_DIR:-$PWD}/sweep.py"
[[ -f $program ]] || program="${SLURM_SUBMIT_DIR:-$PWD}/examples/sweep.py"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
exec /usr/bin/python3 "$program" "${1:-0.05}"
