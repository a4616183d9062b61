#!/usr/bin/env bash
# What must hold before a change goes in. Every step runs even if one before it failed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/common.sh

# The checks themselves: bad samples must be found, good ones must pass.
check_selftest() { /usr/bin/python3 scripts/check_selftest.py; }

check_format() {
  local said
  if ! said=$(cpp_files | xargs -0r clang-format-19 --dry-run -Werror 2>&1); then
    sed -nE 's/^([^ :]+):[0-9]+:[0-9]+: error: .*/\1/p' <<<"$said" | sort | uniq -c |
      awk '{print $2 ": " $1 " places"}'
    echo "Do: ./dev fmt"
    return 1
  fi
}

check_text() { /usr/bin/python3 scripts/check_text.py .; }

check_layers() {
  configure tidy &&
    /usr/bin/python3 scripts/check_layers.py . build/tidy/layers.txt
}

# The programs as they ship, with the benchmarks: the system tests pass on them, and the document
# that the server serves is sound.
check_release() {
  configure release || return 1
  cmake --build build/release --parallel "$(jobs_that_fit)" --target apps benches system_tests ||
    return 1
  ctest --test-dir build/release -L '^system$' --parallel "$(tests_at_once)" --output-on-failure &&
    build/release/bin/fabricad --print-openapi | /usr/bin/python3 scripts/lint_openapi.py
}

check_lint() {
  configure tidy &&
    /usr/bin/python3 scripts/check_lint.py --jobs "$(jobs_that_fit)" .
}

scripts/setup.sh slurm
steps=("$@")
[[ ${#steps[@]} -gt 0 ]] || steps=(selftest format text layers release lint)
failed=()
for step in "${steps[@]}"; do
  declare -F "check_$step" >/dev/null || fail "./dev check has no step '$step'."
  timed "check $step" "check_$step" || failed+=("$step")
done
if [[ ${#failed[@]} -gt 0 ]]; then
  fail "check failed: ${failed[*]}"
fi
echo "check passed: ${steps[*]}"
