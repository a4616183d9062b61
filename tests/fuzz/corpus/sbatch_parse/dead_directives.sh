#!/bin/bash
#SBATCH --nodes=1
module load python
#SBATCH --time=01:00:00
cat > inner.sh <<'EOF'
#!/bin/bash
#SBATCH --nodes=64
hostname
EOF
sbatch inner.sh
#SBATCH --mem=10G
