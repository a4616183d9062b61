#!/bin/bash
#SBATCH --account=<project>
#SBATCH --nodes={{ nodes }}
#SBATCH --time={{ walltime|default("1:00:00") }}
{% if gpus %}
#SBATCH --gres=gpu:{{ gpus }}
{% endif %}
srun {{ command }}
