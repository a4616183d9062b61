#!/bin/bash
#SBATCH --gpus-per-socket=2 --sockets-per-node=2 -N 2
#SBATCH --gres=gpu:4 --overcommit
date
