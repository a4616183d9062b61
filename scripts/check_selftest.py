#!/usr/bin/python3
"""Tests the checks: a small project that keeps every rule must pass, and each sample that breaks one
rule must be found, with the words that say which.

Run by `./dev check`, before it trusts the others.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

GOOD_SOURCE = """#include "kernel/thing.h"

#include "base/amount.h"

namespace fabrica::kernel {

int twice(int value) { return amount_of(value) + amount_of(value); }

}  // namespace fabrica::kernel
"""
GOOD = {
    "src/base/amount.h": "#pragma once\nnamespace fabrica {\nint amount_of(int value);\n}\n",
    "src/kernel/thing.h": "#pragma once\nnamespace fabrica::kernel {\nint twice(int value);\n}\n",
    "src/kernel/thing.cpp": GOOD_SOURCE,
    "src/sites/local/run.h": '#pragma once\n#include "kernel/thing.h"\n',
    "src/store/log.cpp": "#include <sqlite3.h>\n",
    "src/kernel/half.cpp": "namespace {\nint half(int a) {\n  return a / 2;\n}\n}  // namespace\n",
    "src/net/server.cpp": "#include <boost/asio/awaitable.hpp>\n#include <thread>\n",
    "layers.txt": "base: \nkernel: base\nnet: base\nstore: kernel\nsites_local: kernel\n",
    "scripts/allowed_layers.txt": (ROOT / "scripts/allowed_layers.txt").read_text(),
}

UNFINISHED = "// TO" + "DO: later\n"
UNRUN = "TEST(Ledger, DISAB" + "LED_Sums) {}\n"
LONG_FUNCTION = ("int long_one(int value) {\n" + "  value += 1;\n" * 71 + "  return value;\n}\n")
REFERENCE_COROUTINE = """#include <coroutine>
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};
Task late(const int& value) {
  co_await std::suspend_always{};
  static_cast<void>(value);
}
"""

# check, file that is written over the good project, its text, words the check must say
BAD = [
    ("layers", "src/base/amount.h", '#include "kernel/thing.h"\n', "base uses kernel without"),
    ("layers", "src/store/log.cpp", '#include "base/amount.h"\n', "store uses base without"),
    ("layers", "src/kernel/thing.cpp", '#include "thing.h"\n', "write the folder too"),
    ("layers", "src/kernel/thing.cpp", '#include "base/none.h"\n', "does not exist"),
    ("layers", "src/kernel/thing.cpp", "#include <sqlite3.h>\n", "belongs to store alone"),
    ("layers", "src/store/log.cpp", "#include <boost/beast/http.hpp>\n", "belongs to net alone"),
    ("layers", "src/kernel/thing.cpp", "# include <chrono>\n", "<chrono> is not for kernel"),
    ("layers", "src/base/amount.h", "#include <unordered_map>\n", "is not for base"),
    ("layers", "src/orphan/thing.h", "#pragma once\n", "belongs to no library"),
    ("layers", "layers.txt", "base: kernel\nkernel: base\n", "base declares kernel, which"),
    ("layers", "layers.txt", "base: \nother: base\n", "other is not listed"),
    ("layers", "layers.txt", "base: \nkernel: base ledger\n", "no folder makes that library"),
    ("layers", "scripts/allowed_layers.txt", "base: kernel\nkernel: base\n", "not listed above"),
    ("text", "src/base/long.cpp", "int x;\n" * 601, "has 601 lines"),
    ("text", "tests/unit/base/long_test.cpp", "int x;\n" * 601, "has 601 lines"),
    ("text", "src/base/amount.h", UNFINISHED, "unfinished work"),
    ("text", "tests/unit/base/amount_test.cpp", UNRUN, "does not run"),
    ("text", "src/base/amount.h", "int x; \n", "white space"),
    ("text", "src/kernel/thing.cpp", "namespace {\nint half(long a) {\n  return 1;\n}\n}  // namespace\n",
     "half() is local to each of"),
    ("format", "src/base/amount.h", "int  x ;\n", "clang-format-violations"),
    ("lint", "src/kernel/thing.cpp", LONG_FUNCTION, "readability-function-size"),
    ("lint", "src/kernel/thing.cpp", REFERENCE_COROUTINE, "avoid-reference-coroutine-parameters"),
    ("lint", "src/kernel/thing.cpp",
     "int half(int a) {\n  if (a > 0) return 1;\n  else if (a > 0) return 1;\n  return 0;\n}\n",
     "bugprone-branch-clone"),
]


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def write_compile_commands(root):
    source = root / "src/kernel/thing.cpp"
    command = f"clang++-19 -std=c++23 -I{root}/src -o thing.o -c {source}"
    entry = {"directory": str(root), "file": str(source), "command": command}
    write(root, {"build/tidy/compile_commands.json": json.dumps([entry]),
                 ".clang-tidy": (ROOT / ".clang-tidy").read_text()})


def run(check, root):
    """(exit status, what it said) of one check over the project at `root`."""
    scripts = ROOT / "scripts"
    if check == "format":
        style = f"--style=file:{ROOT}/.clang-format"
        files = [str(path) for path in (root / "src").rglob("*.h")]
        command = ["clang-format-19", style, "--dry-run", "-Werror", *files]
    elif check == "lint":
        write_compile_commands(root)
        command = [sys.executable, str(scripts / "check_lint.py"), str(root)]
    elif check == "layers":
        command = [sys.executable, str(scripts / "check_layers.py"), str(root),
                   str(root / "layers.txt")]
    else:
        command = [sys.executable, str(scripts / "check_text.py"), str(root)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def main():
    wrong = []
    for check in ("layers", "text", "format", "lint"):
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch).resolve()
            write(root, GOOD)
            status, said = run(check, root)
            if status != 0:
                wrong.append(f"{check}: the good project does not pass:\n{said}")
    for check, name, text, words in BAD:
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch).resolve()
            write(root, GOOD | {name: text})
            status, said = run(check, root)
            if status == 0 or words not in said:
                wrong.append(f'{check}: {name} should fail with "{words}", it said:\n{said}')
    for problem in wrong:
        print(problem)
    print(f"{4 + len(BAD)} samples, {len(wrong)} judged wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
