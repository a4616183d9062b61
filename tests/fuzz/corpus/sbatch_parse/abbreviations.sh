#!/bin/bash
#SBATCH --err=e.txt --cons=ib --conti --exclus=user --tasks-per-node=2 --requeu
#SBATCH --gpus-per-n=2 --ntasks-per-s=1
date
