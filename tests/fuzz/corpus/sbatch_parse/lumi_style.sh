#!/bin/bash -e
#SBATCH --job-name=gcd8
#SBATCH --partition=standard-g
#SBATCH --nodes=16
#SBATCH --gpus-per-node=mi250:8
#SBATCH --tasks-per-node=8
#SBATCH --cpus-per-task=7
#SBATCH --mem=480G
#SBATCH --time=2-00
#SBATCH --account=project_465000000
#SBATCH -o %x.%j.%N.%n.%t.out
CPU_BIND="mask_cpu:fe000000000000,fe00000000000000"
srun --cpu-bind=$CPU_BIND singularity exec image.sif ./run.sh
