#!/bin/bash
#SBATCH --job-name="two words" --comment='say "hi"'
#SBATCH -C "gpu&ib" -x node[01-04,07]
#SBATCH --export=ALL,GREETING='a,b',EMPTY= -o "/scratch/my dir/%j.out"
#SBATCH --wckey=it\'s
echo "$GREETING"
