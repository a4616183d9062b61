#!/bin/bash
#SBATCH --gpus=8 --gpus-per-task=1
#SBATCH --ntasks=8
#SBATCH --nodes=2
#SBATCH --time=4:00:00
srun ./bench
