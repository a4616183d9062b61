#SBATCH -N2
hostname
