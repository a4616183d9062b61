#!/bin/bash
#PBS -N old -l nodes=2:ppn=4
#BSUB -J old
#$ -cwd
#OAR -l nodes=2
#SBATCH --ignore-pbs
date
