#!/bin/bash
#SBATCH --job-name=too-much-memory
#SBATCH --time=00:01:00
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=64M
#SBATCH --output=logs/%x-%j.out

# Asks for 64 MiB and takes 8 MiB more every tenth of a second, until the site stops it. Where
# nothing does, it gives up at 512 MiB, says so and fails, so that it harms no machine.
set -euo pipefail

exec /usr/bin/python3 -u - <<'PROGRAM'
import resource
import sys
import time

MIB = 1024 * 1024
held = []
while len(held) < 64:
    # A repeated byte other than zero is written to every page; zeroed memory would cost nothing.
    held.append(b"\xa5" * (8 * MIB))
    with open("/proc/self/statm") as pages:
        resident = int(pages.read().split()[1]) * resource.getpagesize() // MIB
    print(f"took {8 * len(held)} MiB, {resident} MiB resident", flush=True)
    time.sleep(0.1)
sys.exit("took 512 MiB of the 64 MiB asked for: no memory limit was enforced here")
PROGRAM
