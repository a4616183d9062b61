#!/bin/bash
#SBATCH -N1
date
