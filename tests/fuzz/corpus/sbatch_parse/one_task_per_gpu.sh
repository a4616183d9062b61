#!/bin/bash -l
#SBATCH -J vit-large
#SBATCH -N 8
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:a100:4
#SBATCH -c 16
#SBATCH --mem=0 --exclusive
#SBATCH -t 1-00:00:00
#SBATCH --hint=nomultithread   # EDIT if it's not wanted
module load cuda nccl
srun python train.py
