#!/usr/bin/env bash
# Sets up, builds and runs the tests:
#   asan     all of them: unit and property tests, replay of the fuzz corpora and a short search of
#            each fuzz target, scenarios, system tests against programs with sanitizers
#   tsan     only the tests labelled `mt`
# The programs as they ship are built and tried by ./dev check.
# The last line is `N passed, N failed`, counted in test cases.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/common.sh

filter=${1:-}
if [[ -n ${2:-} ]]; then
  export GTEST_FILTER=$2
fi
reports=()   # JUnit files of the runs
broken=0     # builds that could not be configured or made
all_labels='^(unit|fuzz|scenarios|system)$'

# The build targets of the tests with this label and the wanted names, one a line.
targets_of() {
  local preset=$1 label=$2
  ctest --test-dir "build/$preset" -N -L "$label" ${filter:+-R "$filter"} |
    sed -nE 's/^ *Test +#[0-9]+: //p' |
    sed -E 's|^fuzz/([^/]+)/.*|fuzz_\1|; t; s|^([^/]+)/(.+)|test_\1_\2|' | sort -u
}

# Builds and runs the tests of one preset.
run_preset() {
  local preset=$1 label=$2
  if ! (configure "$preset"); then
    broken=$((broken + 1))
    return 0
  fi
  local targets
  mapfile -t targets < <(targets_of "$preset" "$label")
  if [[ ${#targets[@]} == 0 ]]; then
    return 0
  fi
  if ! timed "build $preset" cmake --build "build/$preset" --parallel "$(jobs_that_fit)" \
      --target "${targets[@]}"; then
    broken=$((broken + 1))
    return 0
  fi
  local report="build/$preset/results/ctest.xml"
  rm -rf "build/$preset/results"
  timed "test $preset" ctest --test-dir "build/$preset" -L "$label" ${filter:+-R "$filter"} \
    --parallel "$(tests_at_once)" --output-on-failure --output-junit "$PWD/$report" || true
  reports+=("$report")
}

scripts/setup.sh slurm
run_preset asan "$all_labels"
run_preset tsan '^mt$'
exec /usr/bin/python3 scripts/count_tests.py --broken-builds "$broken" "${reports[@]}"
