"""A job that makes two jobs beside each other, then one that needs both."""

import os

from toil.common import Toil
from toil.job import Job

SMALL = {"cores": 1, "memory": "200M", "disk": "10M"}


def part(job, number):
    return f"part {number} on {os.environ['SLURM_CLUSTER_NAME']}\n"


def join(job, parts):
    return "".join(parts)


def start(job):
    parts = [job.addChildJobFn(part, number, **SMALL).rv() for number in (1, 2)]
    return job.addFollowOnJobFn(join, parts, **SMALL).rv()


if __name__ == "__main__":
    options = Job.Runner.getDefaultArgumentParser().parse_args()
    with Toil(options) as toil:
        report = toil.start(Job.wrapJobFn(start, **SMALL))
    with open("toil.txt", "w") as file:
        file.write(report)
