#!/bin/sh
#SBATCH --dependency=afterok:1201:1202,afternotok:1203
#SBATCH --kill-on-invalid-dep=yes
#SBATCH --begin=now+1hour
#SBATCH --mail-type=END,FAIL,TIME_LIMIT_90 --mail-user=someone@example.org
python evaluate.py
