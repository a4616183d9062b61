#!/bin/bash
#SBATCH --array=0-99:3,200%8
#SBATCH --gres=gpu:1
#SBATCH --mem-per-gpu=40G
#SBATCH --cpus-per-gpu=8
#SBATCH -t 90
LR=$(awk "NR==$SLURM_ARRAY_TASK_ID+1" rates.txt)
python tune.py --lr "$LR"
