#!/usr/bin/python3
"""Checks the text of the files: their size, and nothing left for later.

usage: check_text.py ROOT

A source file has one subject and at most 600 lines. No marker of unfinished work stays in. A test is
neither disabled nor skipped. Local functions of the .cpp files of one folder of src/ have different
names: joined for a faster build, two of one name would be overloads of each other, and a call might
mean the other file's.
"""

import collections
import pathlib
import re
import sys

LINES_MAX = 600
FOLDERS = ("src", "tests", "bench", "scripts", "cmake", ".ci")
FILES = ("dev", "CMakeLists.txt")
SUFFIXES = (".h", ".cpp", ".py", ".sh", ".cmake", ".txt", "")
# Recordings and fuzz inputs are data, whatever they are called.
DATA = ("tests/golden/", "tests/fuzz/corpus/")
# Written in pieces so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|not imple" r"mented")
UNRUN = re.compile(r"\bDISAB" r"LED_|\bGTEST_" r"SKIP\b")
LOCAL = re.compile(r"^namespace \{\n(.*?)^\}  // namespace$", re.DOTALL | re.MULTILINE)
# A definition starts at the line's first column; its name stands before the first parenthesis.
FUNCTION = re.compile(r"^(?!using|struct|class|enum|template|return|//)"
                      r"[A-Za-z_][\w:<>,&*\s\[\]]*?[ &*>]([a-z_]\w*)\(", re.MULTILINE)


def files_of(root):
    for name in FILES:
        if (root / name).is_file():
            yield root / name
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            place = path.relative_to(root).as_posix()
            if path.is_file() and path.suffix in SUFFIXES and not place.startswith(DATA):
                yield path


def problems_of(path, place):
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        yield f"{place}: is not UTF-8 text"
        return
    if len(lines) > LINES_MAX:
        yield f"{place}: has {len(lines)} lines, {LINES_MAX} are allowed: give each subject its file"
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{place}:{number}: unfinished work is marked here: {line.strip()}"
        if UNRUN.search(line):
            yield f"{place}:{number}: a test that does not run proves nothing"
        if line != line.rstrip():
            yield f"{place}:{number}: ends in white space"


def twins_of(root):
    for folder in sorted({path.parent for path in (root / "src").rglob("*.cpp")}):
        files = collections.defaultdict(set)
        for path in sorted(folder.glob("*.cpp")):
            for local in LOCAL.findall(path.read_text(encoding="utf-8", errors="replace")):
                for name in FUNCTION.findall(local):
                    files[name].add(path.name)
        for name, names in files.items():
            if len(names) > 1:
                yield (f"{folder.relative_to(root)}: {name}() is local to each of "
                       f"{', '.join(sorted(names))}: give them different names")


def main():
    root = pathlib.Path(sys.argv[1])
    count = 0
    problems = []
    for path in files_of(root):
        count += 1
        problems += problems_of(path, path.relative_to(root).as_posix())
    problems += twins_of(root)
    for problem in problems:
        print(problem)
    print(f"{count} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
