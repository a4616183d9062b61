#!/usr/bin/env bash
#SBATCH --partition=cpu
#SBATCH -n 128 --mem-per-cpu=2000
#SBATCH --time=2:30:00
#SBATCH --tmp=200G

srun --multi-prog shards.conf
