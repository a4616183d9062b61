#!/bin/bash
#SBATCH --switches=1@12:00:00 --distribution=block:cyclic:fcyclic,NoPack
#SBATCH --gpu-bind=closest --gpu-freq=medium,memory=high --cpu-freq=low-high:performance
#SBATCH --licenses=solver@db:4,viewer --acctg-freq=task=30,energy=60 --profile=task
#SBATCH --wait-all-nodes=1 --thread-spec=1 --priority=TOP --nice=100 --network=system
#SBATCH -B 2:16:1 --mincpus=8 --reservation=workshop --propagate=STACK
date
