# shellcheck shell=bash
# Starts the daemons, waits for them, sends them signals, and ends all that is ours.

# Starts a daemon in a session of its own, with our mark and an environment of its own.
spawn() {  # NAME [VARIABLE=VALUE…] -- COMMAND…
  local name=$1 environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/)
  shift
  while [[ $1 != -- ]]; do
    environment+=("$1")
    shift
  done
  shift
  (
    cd "$bed_dir"
    ulimit -x "$mark"
    exec setsid env -i "${environment[@]}" "$@"
  ) </dev/null >>"$bed_dir/log/$name.out" 2>&1 &
  echo $! >"$bed_dir/pids/$name"
}

# The process of a daemon, if it lives.
pid_of() {
  local pid
  pid=$(cat "$bed_dir/pids/$1" 2>/dev/null) && is_ours "$pid" && echo "$pid"
}

check_name() {
  local cluster=${1%%.*}
  case $1 in
    munge) return 0 ;;
    db) [[ $dbd == none ]] || return 0 ;;
    dbd) [[ $dbd != shared ]] || return 0 ;;
    *.ctld | *.rest) [[ " ${names[*]} " == *" $cluster "* ]] && return 0 ;;
    *.dbd) [[ $dbd == each && " ${names[*]} " == *" $cluster "* ]] && return 0 ;;
    *.d[1-9]*) [[ " ${names[*]} " == *" $cluster "* ]] && ((${1##*.d} <= nodes)) && return 0 ;;
  esac
  fail "There is no '$1' in this bed of ${names[*]}: NAME is c2.ctld, c2.rest, c2.d1, c2.dbd, dbd, db or
munge, with the database that the bed has ($dbd)."
}

# A foreground process each, so that the one we start is the one that serves. With a wrong clock the
# date is wrong, and only that: waits and timers go by the other clock. The library that does it wants
# to be loaded by the user that the daemon runs as.
launch() {  # NAME
  local name=$1 folder=$bed_dir/${1%%.*} socket=$bed_dir/munge/socket dated=()
  local conf=SLURM_CONF=$folder/slurm.conf api=openapi/v0.0.38
  if [[ $clock != 0 ]]; then
    dated=(env "LD_PRELOAD=$faketime" "FAKETIME=$(printf %+d "$clock")" DONT_FAKE_MONOTONIC=1)
  fi
  case $name in
    munge)
      rm -f "$socket" "$socket.lock"
      spawn munge -- munged --foreground --key-file="$bed_dir/munge/key" --socket="$socket" \
        --pid-file="$bed_dir/munge/pid" --log-file="$bed_dir/log/munge.log" \
        --seed-file="$bed_dir/munge/seed" --num-threads=4
      ;;
    db) spawn db -- mariadbd --defaults-file="$bed_dir/db/my.cnf" ;;
    dbd | *.dbd)
      if [[ $name == dbd ]]; then folder=$bed_dir; fi
      spawn "$name" "SLURM_CONF=$folder/dbd/slurm.conf" "MYSQL_UNIX_PORT=$bed_dir/db/run/socket" -- \
        setpriv --reuid slurm --regid slurm --clear-groups "${dated[@]}" slurmdbd -D
      ;;
    *.ctld) spawn "$name" "$conf" -- "${dated[@]}" "$bed_dir/bin/slurmctld" -D -i -f "$folder/slurm.conf" ;;
    *.rest)
      # Neither root nor Slurm's own user may run it. It passes on each request's own token.
      if [[ $dbd != none ]]; then api+=,openapi/dbv0.0.38; fi
      spawn "$name" "$conf" SLURM_JWT=daemon -- setpriv --reuid nobody --regid nogroup --clear-groups \
        "${dated[@]}" slurmrestd -a rest_auth/jwt -s "$api" "127.0.0.1:$(port_of "$name")"
      ;;
    *.d*)
      spawn "$name" "$conf" -- "${dated[@]}" "$bed_dir/bin/slurmd" -D -N "${name%%.*}n${name##*.d}" \
        -f "$folder/slurm.conf"
      ;;
  esac
}

# True when the daemon does its work.
serves() {  # NAME
  case $1 in
    munge) munge --socket="$bed_dir/munge/socket" --no-input ;;
    db) mariadb-admin --no-defaults --socket="$bed_dir/db/run/socket" --silent ping ;;
    *.ctld)
      is_listening "$(port_of "$1")" &&
        SLURM_CONF=$bed_dir/${1%.ctld}/slurm.conf timeout 5 scontrol ping
      ;;
    *) is_listening "$(port_of "$1")" ;;
  esac >/dev/null 2>&1
}

serves_or_ended() { serves "$1" || ! pid_of "$1" >/dev/null; }

# A port may be served by another's daemon, so ours must live as well.
await() {  # NAME
  wait_for "$seconds_max" serves_or_ended "$1" && pid_of "$1" >/dev/null ||
    fail_with_log "$1 did not start." "$bed_dir/log/$1".* "$bed_dir/log/${1/.d/n}".*
}

fail_with_log() {  # REASON FILE…
  local reason=$1
  shift
  printf '%s The last lines of its log:\n' "$reason" >&2
  tail -q -n 15 "$@" >&2 2>/dev/null || true
  exit 1
}

start() {
  launch "$1"
  await "$1"
}

# Takes ACTION on every slurmdbd there is.
each_dbd() {
  local name
  if [[ $dbd == shared ]]; then
    "$1" dbd
  else
    for name in "${names[@]}"; do "$1" "$name.dbd"; done
  fi
}

each_of_cluster() {
  local name i
  for name in "${names[@]}"; do
    for ((i = 1; i <= nodes; i++)); do "$1" "$name.d$i"; done
    "$1" "$name.rest"
  done
}

# Before the controllers start, so that they find themselves known. One call takes half a second.
register_clusters() {
  local name calls=() call
  if [[ $dbd == shared ]]; then
    register "${names[0]}" "${names[@]}"
  else
    for name in "${names[@]}"; do
      register "$name" "$name" &
      calls+=($!)
    done
    for call in "${calls[@]}"; do wait "$call" || exit 1; done
  fi
}

register() {  # the cluster whose database it is, then what to add
  local via=$1 log=$bed_dir/log/sacctmgr.out
  shift
  (
    export SLURM_CONF=$bed_dir/$via/slurm.conf
    sacctmgr -Q -i add cluster "$@" &&
      sacctmgr -Q -i add account "$account" &&
      sacctmgr -Q -i add user "${users[@]}" account="$account"
  ) >>"$log" 2>&1 || fail_with_log "sacctmgr failed." "$log"
}

await_nodes() {  # CLUSTER
  wait_for "$seconds_max" nodes_are_idle "$1" ||
    fail_with_log "The nodes of $1 are not idle: $(node_states "$1")." "$bed_dir/log/$1"*
}

node_states() { SLURM_CONF=$bed_dir/$1/slurm.conf timeout 5 sinfo -h -N -p cpu -o '%N=%T' 2>&1; }

nodes_are_idle() { [[ $(node_states "$1" | grep -c '=idle$') == "$nodes" ]]; }

is_stopped() { grep -qsE '^State:.T' "/proc/$1/status"; }

has_ended() { ! is_ours "$1"; }

control() {  # kill|stop|cont|start NAME
  local act=$1 name=$2 pid
  check_name "$name"
  if [[ $act == start ]]; then
    if pid_of "$name" >/dev/null; then fail "$name runs already."; fi
    start "$name"
    return 0
  fi
  pid=$(pid_of "$name") || fail "$name does not run."
  case $act in
    kill) kill -KILL "$pid" && wait_for "$seconds_max" has_ended "$pid" ;;
    stop) kill -STOP "$pid" && wait_for "$seconds_max" is_stopped "$pid" ;;
    cont) kill -CONT "$pid" ;;
  esac || fail "$act $name: did not come about within $seconds_max s."
}

# Every daemon of Slurm that runs ends and starts again, accounting first.
set_clock() {  # SECONDS
  local name running=()
  [[ $1 =~ ^-?[0-9]{1,7}$ ]] || fail "bed clock: '$1' is no number of seconds."
  clock=$1
  save_settings
  for name in "$bed_dir"/pids/{dbd,*.dbd,*.ctld,*.rest,*.d[0-9]*}; do
    name=${name##*/}
    if pid_of "$name" >/dev/null; then running+=("$name"); fi
  done
  for name in "${running[@]}"; do control kill "$name"; done
  for name in "${running[@]}"; do start "$name"; done
}

# Takes the bed down when the process that wants it has ended, however it did.
watch_owner() {
  if [[ -z $owner ]]; then return 0; fi
  (
    ulimit -Sx "$mark"
    tail --pid="$owner" -f /dev/null && ulimit -Sx unlimited && exec "$here/bed" down "$bed_dir"
  ) </dev/null >/dev/null 2>&1 &
}

# Ends all that is ours. SIGKILL from the start: it ends a frozen daemon and a job that ignores
# signals, and there is no state to save. Again until nothing is left, since what we read may have
# forked meanwhile.
end_all() {
  local pids
  pids=$(ours)
  [[ -n $pids ]] || return 0
  # shellcheck disable=SC2086
  kill -KILL $pids 2>/dev/null || true
  return 1
}

remove_all() {  # [--keep]
  local status=0
  wait_for "$seconds_max" end_all || {
    printf 'still there: %s\n' "$(ours | tr '\n' ' ')" >&2
    status=1
  }
  if [[ ${1:-} != --keep ]]; then
    rm -rf "$(memory_dir)" "$bed_dir" || status=1
  fi
  return "$status"
}

down() {  # DIR [--keep]
  bed_dir=$(realpath -m -- "${1:?bed down DIR}")
  mark=$(mark_of "$bed_dir")
  if [[ -e $bed_dir && ! -e $bed_dir/settings && -n $(ls -A "$bed_dir") ]]; then
    fail "bed down: $bed_dir has something else in it than a bed; nothing was done."
  fi
  remove_all "${2:-}"
}
