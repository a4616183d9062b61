#!/usr/bin/env bash
# Installs the Debian packages that are missing, and nothing else: no package is ever removed. Where
# Boost 1.81 would push out another Boost, it is unpacked into a private prefix instead.
# Run again when all is there, it only asks dpkg once.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/common.sh

build_packages=(
  clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev llvm-19 mold ninja-build cmake ccache
  libssl-dev libsqlite3-dev libsimdjson-dev libfmt-dev libcli11-dev libtomlplusplus-dev libgtest-dev
  libgmock-dev librapidcheck-dev libbenchmark-dev jq python3 python3-jsonschema tzdata)
# With the reference BLAS that torch pulls in by itself, training is ten times slower.
demo_packages=(python3-torch python3-numpy libopenblas0-pthread dataset-fashion-mnist)
boost_packages=(libboost1.81-dev)  # headers only
private_prefixes=(/opt/fabrica-deps "$HOME/.local/share/fabrica-deps")

# Prints those of the given packages that are not installed.
missing_of() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sort -u || true)
  printf '%s\n' "$@" | sort -u | sed 's/^/installed /' | comm -23 - <(printf '%s\n' "$installed") |
    cut -d' ' -f2
}

boost_in_private_prefix() {
  local prefix
  for prefix in "${private_prefixes[@]}"; do
    [[ -e $prefix/usr/include/boost/version.hpp ]] && return 0
  done
  return 1
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    fail "Packages are missing and this is neither root nor is there sudo. As root, run:
  apt-get install --no-install-recommends ${missing[*]}"
  fi
}

# Mirrors fail now and then, and another apt may hold a lock: four attempts, then give up.
with_patience() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    echo "That failed (attempt $attempt of 4), trying again in $((attempt * 10)) s: $*" >&2
    sleep $((attempt * 10))
  done
  "$@"
}

# Lists may be missing or too old to know a package; they are fetched only then.
update_lists_if_needed() {
  if ! apt-get -s install --no-install-recommends "$@" >/dev/null 2>&1; then
    refresh_lists
  fi
}

refresh_lists() {
  # Without error-mode `any`, apt-get calls an unreachable mirror a success.
  with_patience as_root apt-get -qq -o APT::Update::Error-Mode=any update
}

# True when apt would install the given packages and remove none for it.
installs_cleanly() {
  apt-get -s install --no-install-recommends --no-remove "$@" >/dev/null 2>&1
}

# One attempt; --no-remove makes apt stop rather than take anything away.
install_once() {
  as_root apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
    -o Dpkg::Use-Pty=0 install --no-install-recommends --no-remove "$@" >/dev/null
}

install_packages() {
  # The second way round heals lists that name files a mirror has since replaced.
  install_once "$@" || { refresh_lists && with_patience install_once "$@"; }
}

unpack_boost() {
  local prefix=${private_prefixes[0]} scratch archive
  if [[ $(id -u) != 0 ]]; then
    prefix=${private_prefixes[1]}
  fi
  echo "Boost 1.81 cannot be installed beside this machine's Boost: unpacking it into $prefix"
  scratch=$(mktemp -d)
  (cd "$scratch" &&
    with_patience apt-get -qq -o APT::Sandbox::User=root download "${boost_packages[@]}")
  mkdir -p "$(dirname "$prefix")"
  rm -rf "$prefix.unpacking"
  for archive in "$scratch"/*.deb; do
    dpkg -x "$archive" "$prefix.unpacking"
  done
  rm -rf "$prefix" "$scratch"
  mv "$prefix.unpacking" "$prefix"
}

wanted=("${build_packages[@]}")
if [[ ${1:-} == demo ]]; then
  wanted+=("${demo_packages[@]}")
elif [[ $# -gt 0 ]]; then
  fail "usage: ./dev setup [demo]"
fi
if ! boost_in_private_prefix; then
  wanted+=("${boost_packages[@]}")
fi

command -v dpkg-query >/dev/null ||
  fail "./dev setup installs Debian 12 packages, and this system has no dpkg. Install by its own
means: ${wanted[*]}"
mapfile -t missing < <(missing_of "${wanted[@]}")
if [[ ${#missing[@]} == 0 ]]; then
  exit 0
fi

say "installing ${#missing[@]} packages: ${missing[*]}"
update_lists_if_needed "${missing[@]}"
mapfile -t missing_boost < <(printf '%s\n' "${missing[@]}" | grep '^libboost' || true)
mapfile -t missing_other < <(printf '%s\n' "${missing[@]}" | grep -v '^libboost' || true)
if [[ ${#missing_boost[@]} -gt 0 ]]; then
  if installs_cleanly "${boost_packages[@]}"; then
    missing_other+=("${missing_boost[@]}")
  else
    unpack_boost
  fi
fi
if [[ ${#missing_other[@]} -gt 0 ]]; then
  if ! installs_cleanly "${missing_other[@]}"; then
    apt-get -s install --no-install-recommends "${missing_other[@]}" >&2 || true
    fail "Installing ${missing_other[*]} would remove packages or cannot be done (apt's plan is above),
so nothing was done. Resolve that by hand, then run ./dev setup again."
  fi
  install_packages "${missing_other[@]}"
fi
