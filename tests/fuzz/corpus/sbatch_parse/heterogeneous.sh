#!/bin/bash
#SBATCH --nodes=1 --gpus-per-node=4
#SBATCH hetjob
#SBATCH --nodes=2 --partition=cpu
#SBATCH : -N1
srun --het-group=0 a : --het-group=1 b
