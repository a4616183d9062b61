#!/bin/bash
#SBATCH --nodes=1
##SBATCH --partition=debug
# SBATCH --time=10
#sbatch --mem=1G
   #SBATCH --qos=high
#SLURM --gres=gpu:1
date
