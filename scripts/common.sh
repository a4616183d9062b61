# shellcheck shell=bash
# What the scripts share; sourced in the root of the repository.

# A heading on a line of its own, in bold on a terminal.
say() {
  if [[ -t 1 ]]; then
    printf '\033[1m== %s\033[0m\n' "$*"
  else
    printf '== %s\n' "$*"
  fi
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Runs a command under a heading and says how long it took; keeps its exit status. In a subshell, so
# that what fails inside ends this command and not the whole script.
timed() {
  local name=$1 started=$SECONDS status=0
  shift
  say "$name"
  ("$@") || status=$?
  say "$name: $((SECONDS - started)) s$([[ $status == 0 ]] || echo ', FAILED')"
  return "$status"
}

# Parallel jobs: one per core, but two gigabytes for each, since a large file needs that much.
jobs_that_fit() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  local by_memory=$((memory_gb / 2 > 0 ? memory_gb / 2 : 1))
  echo $((cores < by_memory ? cores : by_memory))
}

# How many tests run at once: those on real Slurm mostly wait.
tests_at_once() { echo $(($(nproc) + 2)); }

# Prepares build/PRESET; CMake's own talk is shown only when it fails or warns.
configure() {
  local preset=$1 log
  [[ $preset =~ ^(debug|release|asan|tsan|fuzz|tidy)$ ]] ||
    fail "There is no preset '$preset': use debug, release, asan, tsan or fuzz."
  log=$(cmake --preset "$preset" 2>&1) || fail "$log"
  grep -A4 'CMake Warning' <<<"$log" || true
}

# Every C++ file of ours, separated by NUL.
cpp_files() {
  local folders=()
  local folder
  for folder in src tests bench cmake; do
    [[ -d $folder ]] && folders+=("$folder")
  done
  find "${folders[@]}" \( -name '*.cpp' -o -name '*.h' \) -print0 | sort -z
}
