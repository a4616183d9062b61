# shellcheck shell=bash
# What the parts of the bed share: its settings, its ports, waiting, and finding what is ours.

seconds_max=60  # for any one state to come about; the machine may be busy
account=fabrica
faketime=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1
users=(fabrica-a fabrica-b)

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

check_number() {  # NAME VALUE LEAST MOST
  [[ $2 =~ ^[0-9]{1,7}$ ]] && (($2 >= $3 && $2 <= $4)) ||
    fail "bed up: $1 is a number from $3 to $4, not '$2'."
}

check_system() {
  local program
  [[ $(id -u) == 0 ]] || fail "The bed of Slurm clusters needs root: slurmd starts jobs as their users."
  for program in munged slurmctld-wlm slurmd-wlm slurmrestd slurmdbd mariadbd sbatch; do
    command -v "$program" >/dev/null || fail "There is no $program here. Do: ./dev setup slurm"
  done
}

# Repeats a command until it succeeds, at most so many seconds.
wait_for() {
  local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
  shift
  until "$@"; do
    ((${EPOCHREALTIME/./} < until)) || return 1
    sleep 0.05
  done
}

# Runs a program as a user of the system, in its own group alone.
as() {
  local user=$1 group
  shift
  group=$(id -g "$user")
  setpriv --reuid "$user" --regid "$group" --clear-groups "$@"
}

# A directory's number. Each process of a bed carries it as its limit of file locks, which Linux does
# not enforce and Slurm does not touch: unlike the environment, a session or a process group, no child
# sheds it, so that it finds jobs that went into the background and daemons that clear their
# environment.
mark_of() {
  local digest
  digest=$(printf '%s' "$1" | sha256sum)
  echo $((16#${digest:0:13}))
}

marked() {
  (
    ulimit -x "$mark"
    exec "$@"
  )
}

# True for a process of this bed; one that has ended and waits for its parent is none.
is_ours() {
  [[ -n ${1:-} ]] && grep -qsE "^Max file locks +$mark " "/proc/$1/limits" &&
    ! grep -qsE '^State:.[ZX]' "/proc/$1/status"
}

# The processes of this bed, one a line.
ours() {
  local file pid
  for file in $(grep -lsE "^Max file locks +$mark " /proc/[0-9]*/limits || true); do
    pid=${file#/proc/}
    pid=${pid%/limits}
    if is_ours "$pid"; then echo "$pid"; fi
  done
}

save_settings() {
  declare -p names dbd nodes cpus gpus gpu_kind base min_job_age jwks clock owner mark \
    >"$bed_dir/settings"
}

load_settings() {
  bed_dir=$(realpath -m -- "${1:?which directory?}")
  [[ -r $bed_dir/settings ]] || fail "There is no bed in $bed_dir."
  # shellcheck source=/dev/null
  source <(sed 's/^declare -a/declare -ga/; s/^declare --/declare -g/' "$bed_dir/settings")
}

# Where the database lies if this machine has memory for it: on a disk its creation takes three times
# as long, whatever is left out.
memory_dir() { echo "/dev/shm/fabrica-bed-$mark"; }

# The place of a cluster among them, from 1.
index_of() {
  local i
  for i in "${!names[@]}"; do
    if [[ ${names[i]} == "$1" ]]; then
      echo $((i + 1))
      return 0
    fi
  done
  fail "There is no cluster '$1' here: ${names[*]}"
}

# Each cluster has ports of its own: slurmctld, slurmrestd, slurmdbd, then its nodes.
ports_each() { echo $((nodes + 3)); }

port_of() {  # dbd, or CLUSTER.ctld, .rest, .dbd, .d1, …
  local index first
  if [[ $1 == dbd ]]; then
    echo "$base"
    return 0
  fi
  index=$(index_of "${1%%.*}")
  first=$((base + 1 + (index - 1) * $(ports_each)))
  case ${1#*.} in
    ctld) echo "$first" ;;
    rest) echo $((first + 1)) ;;
    dbd) echo $((first + 2)) ;;
    d*) echo $((first + 2 + ${1##*.d})) ;;
  esac
}

# Every port of this machine that something listens on, one a line.
listening_ports() {
  local address state
  while read -r _ address _ state _; do
    if [[ $state == 0A ]]; then echo $((16#${address##*:})); fi
  done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

is_listening() { listening_ports | grep -xF "$1" >/dev/null; }

# Those of our range that are taken.
taken_ports() {
  local last=$((base + count * $(ports_each))) port
  for port in $(listening_ports); do
    if ((port >= base && port <= last)); then echo "$port"; fi
  done
}

# A range below those that the system hands out by itself. Two beds that start at the same moment could
# choose the same one; by chance they seldom do, and then one of them says so and ends.
choose_ports() {
  local attempt taken
  if [[ -n $base ]]; then
    taken=$(taken_ports | sort -un | tr '\n' ' ')
    [[ -z $taken ]] || fail "bed up: these ports are taken: ${taken}- choose another --base."
    return 0
  fi
  for ((attempt = 1; attempt <= 50; attempt++)); do
    base=$((20000 + RANDOM % 10000))
    [[ -n $(taken_ports) ]] || return 0
  done
  fail "bed up: found no free range of ports from 20000 on in 50 attempts."
}
