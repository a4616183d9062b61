#!/usr/bin/python3
"""Train a linear classifier on Fashion-MNIST and print its accuracy: a point of a sweep.

    /usr/bin/python3 examples/sweep.py 0.05

It prints one line of JSON. Exit status: 0 trained; 2 cannot start (the message says what to do).
"""

import gzip
import json
import pathlib
import sys

DATA_DIRECTORY = pathlib.Path("/usr/share/datasets/fashion-mnist")
TRAINED, TESTED, EPOCHS, BATCH = 60_000, 10_000, 5, 64


def cannot_start(text):
    print(f"sweep: {text}", file=sys.stderr, flush=True)
    sys.exit(2)


try:
    import numpy
except ImportError as missing:
    cannot_start(f"{missing}. Install Debian's python3-numpy and run this with /usr/bin/python3.")


def read(name, count, head, shape):
    path = DATA_DIRECTORY / name
    if not path.exists():
        cannot_start(f"{path} is missing. Install Debian's dataset-fashion-mnist.")
    with gzip.open(path, "rb") as file:
        file.read(head)
        size = count * (shape or 1)
        return numpy.frombuffer(file.read(size), numpy.uint8).reshape(-1, *([shape] if shape else []))


def images(kind, count):
    return read(f"{kind}-images-idx3-ubyte.gz", count, 16, 784).astype(numpy.float32) / 255


def labels(kind, count):
    return read(f"{kind}-labels-idx1-ubyte.gz", count, 8, None).astype(numpy.int64)


def main():
    if len(sys.argv) != 2:
        cannot_start("give the learning rate, and nothing else.")
    try:
        rate = float(sys.argv[1])
    except ValueError:
        cannot_start(f"{sys.argv[1]!r} is no learning rate.")
    x, y = images("train", TRAINED), labels("train", TRAINED)
    order = numpy.random.default_rng(7)
    weights = numpy.zeros((784, 10), numpy.float32)
    for _ in range(EPOCHS):
        for batch in numpy.array_split(order.permutation(TRAINED), TRAINED // BATCH):
            scores = x[batch] @ weights
            chances = numpy.exp(scores - scores.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            chances[numpy.arange(len(batch)), y[batch]] -= 1
            weights -= rate / len(batch) * (x[batch].T @ chances)
    right = (images("t10k", TESTED) @ weights).argmax(axis=1) == labels("t10k", TESTED)
    print(json.dumps({"learning_rate": rate, "accuracy": round(float(right.mean()), 4)}))


main()
