#!/bin/bash
#SBATCH ––nodes=2
#SBATCH --job-name=“model a”
#SBATCH --time=1:00:00
#SBATCH --mem=4G​
date
