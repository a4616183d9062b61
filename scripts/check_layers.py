#!/usr/bin/python3
"""Checks that the folders of src/ use each other only as declared and as allowed.

usage: check_layers.py ROOT LAYERS

LAYERS is the file that configuring writes: what each folder's CMakeLists.txt declares, a line
`name: dep dep` each. Allowed is what scripts/allowed_layers.txt says. Three things must agree: an
`#include "folder/..."` needs a direct declaration, a declaration needs an allowance, and an allowance
only points up the table, so that the graph has no cycle. Some headers of others belong to few.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Decided and stored things must be the same on every machine and on every replay: these layers have
# no thread, no clock, no standard random, no iteration over hash maps, no input and output.
PURE = {"base", "federation", "ledger", "calls", "forecast", "jobs", "sbatch", "kernel", "policies"}
IMPURE_HEADERS = {
    "thread", "chrono", "random", "mutex", "shared_mutex", "condition_variable", "future", "ctime",
    "unordered_map", "unordered_set", "filesystem", "fstream", "iostream",
}
# Folders whose rules need a calendar, the one part of <chrono> that is pure.
CALENDAR_FOLDERS = {"sbatch"}
# Header prefix -> the only folders (first part of the path) that may include it.
OWNED_HEADERS = {
    "sqlite3.h": {"store"},
    "boost/asio": {"net"},
    "boost/beast": {"net"},
}


def read_allowed(path):
    """name -> set of names, from allowed_layers.txt; complains about what points down."""
    allowed, shorthands, problems = {}, {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, rest = line.partition(":")
        names = set()
        for word in rest.split():
            if word == "*":
                names |= set(allowed)
            elif word.startswith("$"):
                names |= shorthands[word]
            else:
                names.add(word)
        for below in sorted(names - set(allowed)):
            problems.append(f"{path}:{number}: {name} may not use {below}: it is not listed above")
        if name.startswith("$"):
            shorthands[name] = names
        else:
            allowed[name] = names
    return allowed, problems


def read_declared(path):
    declared = {}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        declared.setdefault(name, set()).update(rest.split())
    return declared


def declarations_not_allowed(declared, allowed):
    for name, deps in declared.items():
        if name not in allowed:
            yield f"src: library {name} is not listed in scripts/allowed_layers.txt"
            continue
        for dep in sorted(deps - allowed[name]):
            yield f"src: {name} declares {dep}, which scripts/allowed_layers.txt does not allow"
        for dep in sorted(deps - set(declared)):
            yield f"src: {name} declares {dep}, but no folder makes that library"


def library_of(folder, declared):
    """The library that a folder under src/ belongs to: its own, or that of a folder around it."""
    parts = folder.parts
    for length in range(len(parts), 0, -1):
        name = "_".join(parts[:length])
        if name in declared:
            return name
    return None


def project_include_problem(root, library, header, declared):
    if "/" not in header:
        return f'write the folder too: "{header}" is not relative to src/'
    if not (root / "src" / header).exists():
        return f'src/{header} does not exist'
    used = library_of(pathlib.PurePosixPath(header).parent, declared)
    if used == library:
        return None
    if used is None:
        return f"src/{header} belongs to no library"
    if used not in declared[library]:
        return f"{library} uses {used} without declaring it (DEPS {used} in its CMakeLists.txt)"
    return None


def system_include_problem(library, top_folder, header):
    for prefix, owners in OWNED_HEADERS.items():
        if header.startswith(prefix) and top_folder not in owners:
            return f"<{header}> belongs to {' and '.join(sorted(owners))} alone"
    if header == "chrono" and library in CALENDAR_FOLDERS:
        return None
    if library in PURE and header in IMPURE_HEADERS:
        return f"<{header}> is not for {library}: what is decided must not depend on it"
    return None


def include_problems(root, declared):
    sources = root / "src"
    files = [path for path in sources.rglob("*") if path.suffix in (".h", ".cpp")]
    for path in sorted(files):
        folder = path.parent.relative_to(sources)
        library = library_of(folder, declared)
        where = path.relative_to(root)
        if library is None:
            yield f"{where}: belongs to no library (its folder has no fabrica_library)"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            quoted, header = include.group(1) == '"', include.group(2)
            problem = (project_include_problem(root, library, header, declared) if quoted else
                       system_include_problem(library, folder.parts[0], header))
            if problem:
                yield f"{where}:{number}: {problem}"


def main():
    root, layers = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    allowed, problems = read_allowed(root / "scripts" / "allowed_layers.txt")
    declared = read_declared(layers)
    problems += declarations_not_allowed(declared, allowed)
    problems += include_problems(root, declared)
    for problem in problems:
        print(problem)
    print(f"{len(declared)} libraries, {len(problems)} layering problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
