#!/bin/bash
#SBATCH --bb="#BB_LUA pool=fast size=1TB"
#SBATCH --bbf=bb.conf --cluster-constraint=!old
#SBATCH --uid=root --gid=0 --export-file=env --nodefile=hosts --wrap="date"
date
