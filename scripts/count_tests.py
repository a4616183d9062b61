#!/usr/bin/python3
"""Counts test cases over the runs of ctest and prints `N passed, N failed` as the last line.

Each JUnit file that ctest wrote stands in a folder with the JSON reports of the GoogleTest
binaries, test_<kind>_<folder>.json for the ctest test <kind>/<folder>. A test without such a
report counts as one. A binary that died counts its missing end as one failure, and so does one
that ran no case at all; a skipped case is a failure, since a test that does not run proves nothing.
A case that needs what is not part of the project, and says that it is absent (it records the
property `absent`), is neither: each is listed.
"""

import argparse
import json
import os
import sys
import xml.etree.ElementTree as xml


def cases_of(report):
    """The cases of a GoogleTest JSON report that ran or were skipped, as (name, outcome)."""
    for suite in report["testsuites"]:
        for case in suite["testsuite"]:
            name = f'{suite["name"]}.{case["name"]}'
            if case.get("result") == "SKIPPED":
                yield name, "skipped"
            elif case.get("status") == "NOTRUN":
                # What a filter leaves out is not in the report, so this one was disabled.
                yield name, "disabled"
            elif "absent" in case and not case.get("failures"):
                yield name, f'absent: {case["absent"]}'
            else:
                yield name, "failed" if case.get("failures") else "passed"


def outcomes_of(test, folder):
    """(passed, list of what failed, list of what was absent) of one <testcase> of ctest."""
    name = test.get("name")
    succeeded = test.get("status") == "run"
    path = os.path.join(folder, "test_" + name.replace("/", "_", 1) + ".json")
    if not os.path.exists(path):
        return (1, [], []) if succeeded else (0, [f'{name} ({test.get("status")})'], [])
    with open(path, encoding="utf-8") as file:
        cases = list(cases_of(json.load(file)))
    passed = sum(1 for _, outcome in cases if outcome == "passed")
    absent = [f"{name} {case} ({outcome})" for case, outcome in cases
              if outcome.startswith("absent")]
    failed = [f"{name} {case} ({outcome})" for case, outcome in cases
              if outcome != "passed" and not outcome.startswith("absent")]
    if not cases and "GTEST_FILTER" not in os.environ:
        failed.append(f"{name} (no test case in it)")
    if not succeeded and not failed:
        failed.append(f"{name} (ended badly)")
    return passed, failed, absent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broken-builds", type=int, default=0)
    parser.add_argument("reports", nargs="*")
    arguments = parser.parse_args()

    passed = 0
    absent = []
    failed = ["a build (see above)"] * arguments.broken_builds
    for report in arguments.reports:
        if not os.path.exists(report):
            failed.append(f"{report} was not written")
            continue
        for test in xml.parse(report).getroot().iter("testcase"):
            more_passed, more_failed, more_absent = outcomes_of(test, os.path.dirname(report))
            passed += more_passed
            failed += more_failed
            absent += more_absent
    if passed == 0 and not failed:
        failed.append("no test matched")
    for name in absent:
        print("not tested:", name)
    for name in failed:
        print("failed:", name)
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
