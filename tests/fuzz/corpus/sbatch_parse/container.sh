#!/bin/bash
#SBATCH --nodes=2 --gpus-per-node=h100:8
#SBATCH --ntasks-per-node=8
#SBATCH --time=04:00:00
#SBATCH --comment="fine-tuning; see issue #42"
srun --container-image=train.sqsh --container-mounts=/data:/data \
  bash -c 'python -m finetune --rank $SLURM_PROCID'
