#!/bin/bash
#SBATCH -HOJ held -N2-4 -n8 -t5:00
#SBATCH -koff -W -Q
date
