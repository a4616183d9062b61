#!/usr/bin/python3
"""Train a small convolutional network on Fashion-MNIST and say whether it reached its target.

An ordinary batch training program: it knows nothing of the software that runs it beyond the SLURM_*
variables that every Slurm job has. Run it through train.sh, or by hand:

    /usr/bin/python3 examples/train_fashion_mnist.py --epochs 1 --target 0.8

It writes into one run directory: FABRICA_CHECKPOINT_DIR if that is set, otherwise
$SLURM_SUBMIT_DIR/runs/$SLURM_JOB_ID ($SLURM_ARRAY_JOB_ID_$SLURM_ARRAY_TASK_ID in an array).
  checkpoint.pt  after each epoch and on SIGTERM; a later run in the same directory goes on from it
                 and ends with the very weights that an uninterrupted run has.
  metrics.json   when the training is finished, and only then.

Exit status: 0 target reached; 1 finished below the target; 2 cannot start (the message says what to
do); 143 stopped by SIGTERM, checkpoint written.
"""

import argparse
import dataclasses
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import signal
import sys
import time
import zipfile


def cannot_start(text):
    print(f"train_fashion_mnist: {text}", file=sys.stderr, flush=True)
    sys.exit(2)


# Before torch is imported: more threads than granted cores spin against each other and cost a
# factor of ten on a busy machine. A job script that asks for more cores sets these itself.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    import numpy
    import torch
except ImportError as missing:
    cannot_start(f"{missing}. Install Debian's python3-torch, python3-numpy and "
                 "libopenblas0-pthread, and run this with /usr/bin/python3.")

DATA_DIRECTORY = "/usr/share/datasets/fashion-mnist"  # where Debian's dataset-fashion-mnist puts it
FILES = {
    "train_images": "train-images-idx3-ubyte.gz",
    "train_labels": "train-labels-idx1-ubyte.gz",
    "test_images": "t10k-images-idx3-ubyte.gz",
    "test_labels": "t10k-labels-idx1-ubyte.gz",
}
IMAGE_MAGIC, LABEL_MAGIC = 2051, 2049  # idx files: unsigned bytes in three dimensions, in one
TEST_BATCH = 500
CHECKPOINT_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that decides the result: equal settings and equal data give equal weights."""

    epochs: int
    batch: int
    images: int
    learning_rate: float
    seed: int


@dataclasses.dataclass
class Progress:
    """Where the training stands: what a checkpoint holds beside weights and optimiser."""

    epoch: int = 0  # epochs finished
    batch: int = 0  # batches finished in the epoch that is under way
    loss_sum: float = 0.0  # of those batches
    seconds: float = 0.0  # spent in training and testing, over all runs in this directory
    interruptions: int = 0
    history: list = dataclasses.field(default_factory=list)


class Interrupted(Exception):
    """SIGTERM arrived; raised between two batches, where the state is whole."""


class StopFlag:
    """Remembers that SIGTERM came. The handler does nothing else, so no write is cut in two."""

    def __init__(self):
        self.raised = False
        signal.signal(signal.SIGTERM, self._raise)

    def _raise(self, _signal, _frame):
        self.raised = True

    def check(self):
        if self.raised:
            raise Interrupted


def positive(kind):
    """An argparse type: a number of this kind above zero."""

    def read(text):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise ValueError(text)
        return value

    read.__name__ = f"positive {kind.__name__}"
    return read


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--epochs", type=positive(int), default=6)
    parser.add_argument("--batch", type=positive(int), default=128)
    parser.add_argument("--images", type=positive(int), default=60000, help="the first N of them")
    parser.add_argument("--learning-rate", type=positive(float), default=4e-3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--target", type=float, default=0.90,
                        help="least accuracy on the test images; 0 for none")
    parser.add_argument("--data", default=os.environ.get("FASHION_MNIST_DIR", DATA_DIRECTORY))
    return parser.parse_args()


def run_directory():
    """The directory of this run; the same job id leads to the same directory after a restart."""
    named = os.environ.get("FABRICA_CHECKPOINT_DIR")
    if named:
        return pathlib.Path(named)
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    job = f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "by-hand")
    return pathlib.Path(os.environ.get("SLURM_SUBMIT_DIR", ".")) / "runs" / job


def write_atomically(path, content):
    """After this the file holds all of the content or what it held before, whatever is killed."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with open(fresh, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def parse_idx(name, content, magic):
    """The array in an idx file. Refuses what is not such a file or is cut short."""
    dimensions = 3 if magic == IMAGE_MAGIC else 1
    header = 4 * (1 + dimensions)
    numbers = [int.from_bytes(content[at:at + 4], "big") for at in range(0, header, 4)]
    shape = tuple(numbers[1:])
    if numbers[0] != magic or len(content) - header != numpy.prod(shape, dtype=numpy.int64):
        cannot_start(f"{name} is not an idx file of the expected kind and length; reinstall it.")
    values = numpy.frombuffer(content, numpy.uint8, offset=header).reshape(shape)
    return torch.from_numpy(values.copy())  # a copy, because what frombuffer gives is read-only


def load_data(directory):
    """The four tensors by name, and what metrics.json says of the files they came from."""
    tensors, described = {}, []
    for role, name in FILES.items():
        path = pathlib.Path(directory) / name
        try:
            packed = path.read_bytes()
            content = gzip.decompress(packed)
        except (OSError, EOFError) as error:
            cannot_start(f"cannot read {path}: {error}. Install Debian's dataset-fashion-mnist, "
                         "or name the directory with --data or FASHION_MNIST_DIR.")
        magic = IMAGE_MAGIC if role.endswith("images") else LABEL_MAGIC
        tensors[role] = parse_idx(name, content, magic)
        described.append({"file": name, "bytes": len(packed),
                          "sha256": hashlib.sha256(packed).hexdigest()})
    for part in ("train", "test"):
        images, labels = tensors[f"{part}_images"], tensors[f"{part}_labels"]
        if len(images) != len(labels) or images.shape[1:] != (28, 28):
            cannot_start(f"the {part} images and labels do not belong together; reinstall them.")
        tensors[f"{part}_labels"] = labels.long()
    return tensors, described


def pixels(images):
    """Bytes to numbers around zero, one batch at a time: all at once they would fill four times the
    memory. 0.286 and 0.353 are mean and deviation of the training images."""
    return (images.unsqueeze(1).float().div(255) - 0.286) / 0.353


def build_model():
    """28x28 grey pixels to ten classes. The strided first layer makes it cheap on one core."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))


def learning_rate_at(settings, step, steps):
    """Up in a straight line for the first tenth, then down along a cosine. It depends on the step
    alone, so an interrupted run goes on with the rate it would have had."""
    rise = max(1, steps // 10)
    if step < rise:
        return settings.learning_rate * (step + 1) / rise
    share = torch.tensor((step - rise) / max(1, steps - rise), dtype=torch.float64)
    return settings.learning_rate * 0.5 * (1.0 + float(torch.cos(share * torch.pi)))


def order_of(settings, epoch):
    """The order of the images in this epoch: drawn from seed and epoch alone."""
    generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + epoch)
    return torch.randperm(settings.images, generator=generator)


class Training:
    """One run: model, optimiser and progress, kept in one directory."""

    def __init__(self, settings, directory, stop):
        self.settings, self.directory, self.stop = settings, directory, stop
        self.progress = Progress()
        torch.manual_seed(settings.seed)
        torch.use_deterministic_algorithms(True)
        self.model = build_model()
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=settings.learning_rate,
                                           weight_decay=1e-2)
        self.batches = max(1, settings.images // settings.batch)  # in one epoch
        self.clock = time.monotonic()

    @property
    def checkpoint(self):
        return self.directory / "checkpoint.pt"

    def tick(self):
        """Adds the time since the last call to the seconds of this run; returns the seconds."""
        now = time.monotonic()
        self.progress.seconds += now - self.clock
        self.clock = now
        return self.progress.seconds

    def save(self):
        """Writes the checkpoint: tensors, and one JSON text for all that is not a tensor, because
        torch 1.13 reads no bare numbers in the mode that cannot run code hidden in a file."""
        self.tick()
        text = json.dumps({"format": CHECKPOINT_FORMAT,
                           "settings": dataclasses.asdict(self.settings),
                           "progress": dataclasses.asdict(self.progress)})
        memory = io.BytesIO()
        torch.save({"text": text, "model": dict(self.model.state_dict()),
                    "optimiser": self.optimiser.state_dict()["state"]}, memory)
        write_atomically(self.checkpoint, memory.getvalue())

    def resume(self):
        """Goes on from the checkpoint in the directory. Returns whether there was one."""
        if not self.checkpoint.exists():
            return False
        advice = f"Remove {self.checkpoint} to start again, or name another FABRICA_CHECKPOINT_DIR."
        try:
            content = self.checkpoint.read_bytes()
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if archive.testzip():  # torch itself does not look at the check sums
                    raise ValueError("damaged")
            kept = torch.load(io.BytesIO(content), weights_only=True)
            text = json.loads(kept["text"])
            same = (text["format"] == CHECKPOINT_FORMAT
                    and text["settings"] == dataclasses.asdict(self.settings))
            if same:
                self.model.load_state_dict(kept["model"])
                groups = self.optimiser.state_dict()["param_groups"]
                self.optimiser.load_state_dict({"state": kept["optimiser"], "param_groups": groups})
                self.progress = Progress(**text["progress"])
        except Exception as error:  # A damaged file can fail anywhere in torch's reader.
            cannot_start(f"the checkpoint cannot be read ({error.__class__.__name__}). {advice}")
        if not same:
            cannot_start(f"the checkpoint was made with other settings. {advice}")
        return True

    def train_epoch(self, images, labels):
        """Trains the rest of the epoch that is under way. Returns its mean loss."""
        progress, size = self.progress, self.settings.batch
        order = order_of(self.settings, progress.epoch)
        self.model.train()
        while progress.batch < self.batches:
            self.stop.check()
            step = progress.epoch * self.batches + progress.batch
            rate = learning_rate_at(self.settings, step, self.settings.epochs * self.batches)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            chosen = order[progress.batch * size:(progress.batch + 1) * size]
            guess = self.model(pixels(images[chosen]))
            loss = torch.nn.functional.cross_entropy(guess, labels[chosen])
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            progress.loss_sum += loss.item()
            progress.batch += 1
        return progress.loss_sum / self.batches

    @torch.no_grad()
    def accuracy(self, images, labels):
        self.model.eval()
        right = 0
        for at in range(0, len(labels), TEST_BATCH):
            self.stop.check()
            guess = self.model(pixels(images[at:at + TEST_BATCH])).argmax(dim=1)
            right += int((guess == labels[at:at + TEST_BATCH]).sum())
        return right / len(labels)

    def run(self, data):
        """Trains to the end, a checkpoint after each epoch. Raises Interrupted on SIGTERM."""
        progress = self.progress
        while progress.epoch < self.settings.epochs:
            loss = self.train_epoch(data["train_images"], data["train_labels"])
            accuracy = self.accuracy(data["test_images"], data["test_labels"])
            seconds = self.tick() - sum(entry["seconds"] for entry in progress.history)
            progress.epoch, progress.batch, progress.loss_sum = progress.epoch + 1, 0, 0.0
            progress.history.append({"epoch": progress.epoch, "loss": loss, "accuracy": accuracy,
                                     "seconds": seconds})
            print(f"epoch {progress.epoch}/{self.settings.epochs}  loss {loss:.4f}  "
                  f"accuracy {accuracy:.4f}  {seconds:.1f} s", flush=True)
            self.save()

    def weights_digest(self):
        """SHA-256 over the bare numbers: equal for equal weights, whatever wrote the file."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode() + b"\0" + tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    def write_metrics(self, files, target):
        """Writes metrics.json; returns the final accuracy."""
        final, content = self.progress.history[-1], self.checkpoint.read_bytes()
        metrics = {
            "program": "train_fashion_mnist.py", "job": os.environ.get("SLURM_JOB_ID"),
            "settings": dataclasses.asdict(self.settings),
            "accuracy": final["accuracy"], "loss": final["loss"], "target": target,
            "target_reached": final["accuracy"] >= target,
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "seconds": round(self.progress.seconds, 3),
            "interruptions": self.progress.interruptions,
            "epochs": [dict(e, seconds=round(e["seconds"], 3)) for e in self.progress.history],
            "checkpoint": {"file": self.checkpoint.name, "bytes": len(content),
                           "sha256": hashlib.sha256(content).hexdigest()},
            "weights_sha256": self.weights_digest(),
            "data": {"name": "Fashion-MNIST", "files": files},
            "software": {"python": platform.python_version(), "torch": str(torch.__version__),
                         "machine": platform.machine()},
        }
        text = json.dumps(metrics, indent=2) + "\n"
        write_atomically(self.directory / "metrics.json", text.encode())
        return final["accuracy"]


def main():
    arguments = read_arguments()
    directory = run_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cannot_start(f"cannot make the run directory {directory}: {error}.")
    data, files = load_data(arguments.data)
    available = len(data["train_labels"])
    if arguments.images > available or arguments.batch > arguments.images:
        cannot_start(f"--images is at most {available} and --batch at most --images.")
    if not 0 <= arguments.seed < 2**31:
        cannot_start("--seed is a number from 0 to 2147483647.")
    settings = Settings(arguments.epochs, arguments.batch, arguments.images,
                        arguments.learning_rate, arguments.seed)
    training = Training(settings, directory, StopFlag())
    print(f"Fashion-MNIST: {settings.images} of {available} training images, "
          f"{len(data['test_labels'])} test images; "
          f"{f'target accuracy {arguments.target:.2f}' if arguments.target else 'no target'}",
          flush=True)
    if training.resume():
        print(f"going on from {training.checkpoint}: {training.progress.epoch} epochs and "
              f"{training.progress.batch} batches done", flush=True)
    try:
        training.run(data)
    except Interrupted:
        training.progress.interruptions += 1
        training.save()
        print(f"stopped by SIGTERM in epoch {training.progress.epoch + 1}; "
              f"checkpoint in {training.checkpoint}", flush=True)
        return 128 + signal.SIGTERM
    accuracy = training.write_metrics(files, arguments.target)
    reached = accuracy >= arguments.target
    verdict = f"{'reaches' if reached else 'MISSES'} the target {arguments.target:.2f} "
    print(f"accuracy {accuracy:.4f} {verdict if arguments.target else ''}after "
          f"{training.progress.seconds:.1f} s; metrics in {directory / 'metrics.json'}", flush=True)
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
