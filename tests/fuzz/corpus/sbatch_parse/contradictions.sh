#!/bin/bash
#SBATCH --nodes=3 --gpus=8 --gpus-per-node=4
#SBATCH --mem=1G --mem-per-cpu=1G --cpus-per-gpu=2 -c4
#SBATCH --time=10 --time-min=20 --gpus-per-task=3 --ntasks=4
date
