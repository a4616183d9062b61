#!/bin/bash
#SBATCH --comment=it's late # isn't it
#SBATCH -J "open -N2
#SBATCH -N2 "" -n4
#SBATCH -N2 \ -n4
#SBATCH -N2 \
date
