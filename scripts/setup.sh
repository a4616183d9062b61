#!/usr/bin/env bash
# Installs the Debian packages that are missing, and nothing else: no package is ever removed. Where
# Boost 1.81 would push out another Boost, it is unpacked into a private prefix instead.
# Run again when all is there, it only asks dpkg once.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source scripts/common.sh

build_packages=(
  clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev llvm-19 mold ninja-build cmake ccache
  libssl-dev libsqlite3-dev zlib1g-dev libsimdjson-dev libfmt-dev libcli11-dev libtomlplusplus-dev libgtest-dev
  libgmock-dev librapidcheck-dev libbenchmark-dev libjs-chart.js jq python3 python3-jsonschema tzdata)
# With the reference BLAS that torch pulls in by itself, training is ten times slower.
demo_packages=(python3-torch python3-numpy libopenblas0-pthread dataset-fashion-mnist)
# Real Slurm for the system tests. Never slurm-wlm-emulator: it takes over the names slurmctld and
# slurmd, and its daemons do not start.
slurm_packages=(
  slurmctld slurmd slurmrestd slurm-client munge slurm-wlm-basic-plugins slurm-wlm-jwt-plugin
  slurmdbd slurm-wlm-mysql-plugin mariadb-server curl
  libfaketime      # for a cluster whose clock is wrong
  snakemake toil)  # workflow tools that the tests run on our commands
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

# Packages ask this program whether they may start their services; 101 says no.
policy=/usr/sbin/policy-rc.d
policy_kept=$policy.kept-by-fabrica
policy_mark='written by the setup of fabrica, process'

# Puts back what was there before. Also heals what a setup left that was killed half-way; that of a
# setup which still runs stays.
allow_starts() {
  local owner
  owner=$(sed -nE "s/^# $policy_mark ([0-9]+)$/\1/p" "$policy" 2>/dev/null || true)
  if [[ -n $owner ]] && { [[ $owner == "$$" ]] || ! [[ -e /proc/$owner ]]; }; then
    as_root rm -f "$policy"
    if [[ -e $policy_kept ]]; then
      as_root mv "$policy_kept" "$policy"
    fi
  fi
}

# From now on until this script ends, no package starts anything.
forbid_starts() {
  local answer=0
  if [[ -x $policy ]]; then
    "$policy" munge start >/dev/null 2>&1 || answer=$?
    [[ $answer == 101 ]] && return 0
  fi
  trap allow_starts EXIT
  trap 'exit 130' INT TERM
  if [[ -e $policy ]]; then
    as_root mv "$policy" "$policy_kept"
  fi
  printf '#!/bin/sh\n# %s %s\nexit 101\n' "$policy_mark" $$ | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

# The services of packages that came with this run shall not start with the machine either. One that
# was there before is its owner's business.
disable_at_boot() {
  local service
  for service in "$@"; do
    as_root systemctl disable "$service.service" >/dev/null 2>&1 || true
    as_root update-rc.d "$service" disable >/dev/null 2>&1 || true  # where there is no systemd
  done
}

# The services of those of the given packages that have one.
services_of() {
  local package
  for package in "$@"; do
    case $package in
      mariadb-server) echo mariadb ;;
      munge | slurmctld | slurmd | slurmdbd | slurmrestd) echo "$package" ;;
    esac
  done
}

# snakemake brings python3-azure along, through python3-smart-open: 45,000 files, more than a gigabyte,
# for storage that nothing here uses. An empty package that says it provides it stands in, unless it
# is there.
stand_in_for_azure() {
  local name=fabrica-no-azure scratch
  dpkg-query -W python3-azure "$name" 2>/dev/null | grep -q '[0-9]' && return 0
  scratch=$(mktemp -d)
  mkdir -p "$scratch/$name/DEBIAN"
  cat >"$scratch/$name/DEBIAN/control" <<TEXT
Package: $name
Version: 1
Architecture: all
Maintainer: Fabrica <fabrica@localhost>
Provides: python3-azure, python3-azure-storage
Description: stands in for python3-azure, which is large and not used
TEXT
  dpkg-deb --build --root-owner-group "$scratch/$name" "$scratch/$name.deb" >/dev/null
  as_root dpkg -i "$scratch/$name.deb" >/dev/null
  rm -rf "$scratch"
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
for group in "$@"; do
  case $group in
    demo) wanted+=("${demo_packages[@]}") ;;
    slurm) wanted+=("${slurm_packages[@]}") ;;
    *) fail "usage: ./dev setup [demo] [slurm]" ;;
  esac
done
if ! boost_in_private_prefix; then
  wanted+=("${boost_packages[@]}")
fi

command -v dpkg-query >/dev/null ||
  fail "./dev setup installs Debian 12 packages, and this system has no dpkg. Install by its own
means: ${wanted[*]}"
allow_starts
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
if [[ " ${missing_other[*]} " == *" snakemake "* ]]; then
  stand_in_for_azure
fi
if [[ ${#missing_other[@]} -gt 0 ]]; then
  if ! installs_cleanly "${missing_other[@]}"; then
    apt-get -s install --no-install-recommends "${missing_other[@]}" >&2 || true
    fail "Installing ${missing_other[*]} would remove packages or cannot be done (apt's plan is above),
so nothing was done. Resolve that by hand, then run ./dev setup again."
  fi
  mapfile -t services < <(services_of "${missing_other[@]}")
  if [[ ${#services[@]} -gt 0 ]]; then
    forbid_starts
  fi
  install_packages "${missing_other[@]}"
  if [[ ${#services[@]} -gt 0 ]]; then
    disable_at_boot "${services[@]}"
  fi
fi
