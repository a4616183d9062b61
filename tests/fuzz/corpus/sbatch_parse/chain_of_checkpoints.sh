#!/bin/bash
#SBATCH --array=1-10%1
#SBATCH --job-name=chain --requeue
#SBATCH --signal=B:USR1@300
#SBATCH --open-mode=append
#SBATCH --time=0-06:00
#SBATCH --output=%x_%A_%a.out
trap 'touch stop; wait' USR1
srun python train.py --resume latest &
wait
