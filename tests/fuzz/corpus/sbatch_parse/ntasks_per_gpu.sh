#!/bin/bash
#SBATCH --ntasks-per-gpu=2 --gpus=gh200:4
#SBATCH --threads-per-core=1 -s
date
