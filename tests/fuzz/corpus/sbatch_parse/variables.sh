#!/bin/bash
#SBATCH --account=$PROJECT
#SBATCH --job-name=${USER}-train
#SBATCH --output=$HOME/logs/$(date).out
#SBATCH --error=~/err.txt
date
