#!/bin/bash
#SBATCH --time=5h --mem=1.5G --nodes=2-1 --ntasks=0 --gres=gpu:a:b:2 --gpus=gpu:4
#SBATCH --array=9-1 --dependency=17:18 --signal=FOO@99999 --mail-type=ABORT --begin=later
#SBATCH --export=NONE,A=1 --open-mode=x --hint=none --switches=0 --nodelist=./f -B x:y
date
