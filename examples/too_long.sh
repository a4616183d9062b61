#!/bin/bash
#SBATCH --job-name=too-long
#SBATCH --time=00:01:00
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=100M
#SBATCH --output=logs/%x-%j.out

# Asks for a minute, the shortest limit that Slurm knows, and works for two, so the site stops it at
# its time limit. What it has printed by then stays in its output, and it pays for the time it had,
# not for the time it wanted.
set -euo pipefail

for second in {1..120}; do
  until=$((SECONDS + 1)) sum=0
  while ((SECONDS < until)); do
    for number in {1..2000}; do ((sum = (sum * 31 + number) % 1000003)) || true; done
  done
  if ((second % 10 == 0)); then echo "second $second of 120, still working"; fi
done
echo "finished: no time limit was enforced here"
exit 1
