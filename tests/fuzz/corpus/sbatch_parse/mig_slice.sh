#!/bin/bash
#SBATCH --gres=gpu:a100_1g.5gb:1
#SBATCH --mem=8gb
#SBATCH --time=15
jupyter lab --no-browser
