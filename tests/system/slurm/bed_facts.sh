# shellcheck shell=bash
# Says what there is.

print_env() { # CLUSTER
  index_of "${1:?which cluster?}" >/dev/null
  echo "export SLURM_CONF=$bed_dir/$1/slurm.conf"
}

print_token() {  # CLUSTER USER [SECONDS]
  local said
  index_of "${1:?which cluster?}" >/dev/null
  said=$(SLURM_CONF=$bed_dir/$1/slurm.conf timeout 15 \
    scontrol token username="${2:?whose token?}" lifespan="${3:-3600}") || fail "No token: $said"
  echo "${said#SLURM_JWT=}"
}

state_of() {
  local pid
  if ! pid=$(pid_of "$1"); then
    echo dead
  elif is_stopped "$pid"; then
    echo "stopped (process $pid)"
  else
    echo "running (process $pid)"
  fi
}

print_status() {
  local file name
  for file in "$bed_dir"/pids/*; do
    printf '%s: %s\n' "${file##*/}" "$(state_of "${file##*/}")"
  done
  for name in "${names[@]}"; do
    printf '%s: %s\n' "$name" "$(node_states "$name" | tr '\n' ' ')"
  done
}

# "a","b" of a list of words that need no escaping, as all of ours.
json_list() {
  local text
  text=$(printf '"%s",' "$@")
  echo "[${text%,}]"
}

cluster_facts() {  # NAME
  local i node_names=() partitions=(gpu cpu) kind=$gpu_kind
  for ((i = 1; i <= nodes; i++)); do node_names+=("$1n$i"); done
  if ((gpus == 0)); then partitions=(cpu) kind=; fi
  cat <<TEXT
{"name":"$1","url":"http://127.0.0.1:$(port_of "$1.rest")","key_file":"$(key_of "$1")",
"slurm_conf":"$bed_dir/$1/slurm.conf","partitions":$(json_list "${partitions[@]}"),
"nodes":$(json_list "${node_names[@]}"),"cpus_per_node":$cpus,"memory_mb_per_node":$((cpus * 4000)),
"gpu_kind":"$kind","gpus_per_node":$gpus,"account":"$account","users":$(json_list "${users[@]}")}
TEXT
}

print_facts() {
  local name comma=
  printf '{"directory":"%s","accounting":"%s","clusters":[' "$bed_dir" "$dbd"
  for name in "${names[@]}"; do
    printf '%s\n' "$comma"
    cluster_facts "$name"
    comma=,
  done
  echo ']}'
}
