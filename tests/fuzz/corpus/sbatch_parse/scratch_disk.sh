#!/bin/bash
#SBATCH --gres=gpu:a100:4,nvme:3600
#SBATCH --time=12:00:00
cp -r data "$LOCAL_SCRATCH"
python train.py --data "$LOCAL_SCRATCH/data"
