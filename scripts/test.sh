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

# Builds the tests of one preset. Fails when it could not be configured or made.
build_preset() {
  local preset=$1 label=$2 targets
  (configure "$preset") || return 1
  mapfile -t targets < <(targets_of "$preset" "$label")
  [[ ${#targets[@]} == 0 ]] ||
    timed "build $preset" cmake --build "build/$preset" --parallel "$(jobs_that_fit)" \
      --target "${targets[@]}"
}

# Runs the tests of one preset that is built.
run_preset() {
  local preset=$1 label=$2
  local report="build/$preset/results/ctest.xml"
  rm -rf "build/$preset/results"
  timed "test $preset" ctest --test-dir "build/$preset" -L "$label" ${filter:+-R "$filter"} \
    --parallel "$(tests_at_once)" --no-tests=ignore --output-on-failure \
    --output-junit "$PWD/$report" || true
  [[ ! -e $report ]] || reports+=("$report")
}

scripts/setup.sh slurm
build_preset asan "$all_labels" || broken=$((broken + 1))
# Most system tests wait for daemons: what cores they leave builds the other preset meanwhile.
mkdir -p build
set -m  # a process group of its own, to end all of it with this script
build_preset tsan '^mt$' >build/tsan.log 2>&1 &
other=$!
set +m
trap 'kill -- "-$other" 2>/dev/null || true' EXIT
renice -n 10 -p "$other" >/dev/null
[[ $broken != 0 ]] || run_preset asan "$all_labels"
if wait "$other"; then
  run_preset tsan '^mt$'
else
  cat build/tsan.log
  broken=$((broken + 1))
fi
exec /usr/bin/python3 scripts/count_tests.py --broken-builds "$broken" "${reports[@]}"
