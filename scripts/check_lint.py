#!/usr/bin/python3
"""Runs clang-tidy over the .cpp files of src/, with .clang-tidy's list, each finding an error.

usage: check_lint.py [--jobs N] ROOT

Needs ROOT/build/tidy/compile_commands.json. A file that passed is not read again until it, a header
of ours that it includes, its flags, the list or clang-tidy changes: .cache/tidy/ keeps one empty file
named by the digest of all these. Files of one library that must be read are read up to eight
together, as a unity build does, because most of the time goes into the headers they share.
"""

import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TIDY = "clang-tidy-19"
BATCH = 8
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
FINDING = re.compile(r"^(\S+:\d+:\d+: )?(fatal )?error: ")
NOISE = re.compile(r"^\d+ warnings? (generated|treated)|^Suppressed |^Use -header-filter|^Error while")
# Their headers are so heavy, or their names so free, that they are read one by one.
ALONE = re.compile(r"/src/(net|api|cli|apps|sbatch)/")


class Project:
    def __init__(self, root):
        self.root = root.resolve()
        self.cache = self.root / ".cache" / "tidy"
        version = subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
        self.rules = version + (self.root / ".clang-tidy").read_bytes()
        self.digests = {}

    def commands(self):
        """path -> compiler arguments without input and output, for each .cpp of src/."""
        database = self.root / "build" / "tidy" / "compile_commands.json"
        commands = {}
        for entry in json.loads(database.read_text()):
            path = pathlib.Path(entry["file"])
            if path.is_relative_to(self.root / "src"):
                words = shlex.split(entry["command"])[1:]
                output = words.index("-o")
                del words[output:output + 2]
                commands[path] = [w for w in words if w not in ("-c", str(path))]
        return commands

    def closure(self, path):
        """The file and every file of ours that it includes, directly or not."""
        found, waiting = set(), [path]
        while waiting:
            file = waiting.pop()
            if file in found or not file.exists():
                continue
            found.add(file)
            text = file.read_text(errors="replace")
            waiting += [self.root / "src" / name for name in INCLUDE.findall(text)]
        return sorted(found)

    def content_digest(self, path):
        if path not in self.digests:
            self.digests[path] = hashlib.sha256(path.read_bytes()).digest()
        return self.digests[path]

    def stamp(self, path, arguments):
        """The empty file whose presence says that `path` passed as it is now."""
        digest = hashlib.sha256(self.rules)
        digest.update("\0".join(arguments).encode())
        for file in self.closure(path):
            digest.update(str(file.relative_to(self.root)).encode() + self.content_digest(file))
        return self.cache / digest.hexdigest()


def batches_of(paths, commands):
    """Files that can be read together: same folder, same flags, at most BATCH of them."""
    groups = {}
    for path in paths:
        alone = str(path) if ALONE.search(str(path)) else ""
        groups.setdefault((path.parent, tuple(commands[path]), alone), []).append(path)
    for files in groups.values():
        for start in range(0, len(files), BATCH):
            yield files[start:start + BATCH]


def run_tidy(project, files, arguments):
    """(True if all is well, what clang-tidy said)."""
    with tempfile.TemporaryDirectory(prefix="fabrica-lint-") as scratch:
        if len(files) == 1:
            source = files[0]
        else:
            source = pathlib.Path(scratch) / "batch.cpp"
            source.write_text("".join(
                f'#include "{path}"  // NOLINT(bugprone-suspicious-include)\n' for path in files))
        result = subprocess.run(
            [TIDY, "--quiet", f"--config-file={project.root / '.clang-tidy'}", str(source), "--",
             *arguments],
            capture_output=True, text=True, check=False, cwd=project.root)
    return result.returncode == 0, result.stdout + result.stderr


def read_files(project, files, arguments):
    """As run_tidy. File-scope names may meet in a batch, so one that fails is read file by file."""
    passed, said = run_tidy(project, files, arguments)
    if passed or len(files) == 1:
        return passed, said
    alone = [run_tidy(project, [path], arguments) for path in files]
    return all(good for good, _ in alone), "".join(text for good, text in alone if not good)


def findings_in(said, root):
    """The findings of runs, each with its notes, paths counted from the root."""
    findings = []
    for line in said.replace(f"{root}/", "").splitlines():
        if FINDING.match(line):
            findings.append([line])
        elif findings and not NOISE.match(line):
            findings[-1].append(line)
    return ["\n".join(finding) for finding in findings]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("root", type=pathlib.Path)
    options = parser.parse_args()

    project = Project(options.root)
    project.cache.mkdir(parents=True, exist_ok=True)
    commands = project.commands()
    stamps = {path: project.stamp(path, arguments) for path, arguments in commands.items()}
    changed = sorted(path for path, stamp in stamps.items() if not stamp.exists())
    batches = sorted(batches_of(changed, commands), key=len, reverse=True)
    findings = {}  # in the order seen, once each though many files include the same header
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = pool.map(lambda files: read_files(project, files, commands[files[0]]), batches)
        for files, (passed, said) in zip(batches, runs):
            if passed:
                for path in files:
                    stamps[path].touch()
            else:
                found = findings_in(said, project.root) or [f"{files}: {TIDY} failed:\n{said}"]
                for finding in found:
                    if finding not in findings:
                        print(finding, flush=True)
                    findings[finding] = True
    # Stamps of what no longer exists would only gather.
    for stamp in set(project.cache.iterdir()) - set(stamps.values()):
        stamp.unlink()
    print(f"{len(commands)} files, {len(changed)} of them read, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
