#!/bin/bash
#SBATCH --walltime=1:00 --patrition=gpu --workdir /tmp
#SBATCH -nodes=2 -exclusive -r 5 --e=x --tim=5
#SBATCH --exclusive user --nice 5 -N=2 stray -- after
#SBATCH --job-name
date
