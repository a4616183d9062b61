#!/bin/sh
#SBATCH -d after:77+10?singleton
#SBATCH -b 2030-01-20T12:34:00
#SBATCH --deadline=01/25/30-08:00
true
