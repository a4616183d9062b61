# shellcheck shell=bash
# Writes what the daemons read. Values that are no taste of ours say why.

make_users() {
  local user
  for user in "${users[@]}"; do
    # Another bed may be making them, and /etc/passwd may be locked.
    wait_for "$seconds_max" make_user "$user" || fail "The user $user cannot be made."
  done
}

make_user() {
  id -u "$1" >/dev/null 2>&1 ||
    useradd --no-create-home --home-dir /tmp --shell /bin/bash "$1" >>"$bed_dir/log/users.out" 2>&1
}

make_config() {
  local name
  mkdir "$bed_dir"/{bin,munge}
  # Under any other name slurmctld leaves out AuthAltTypes, and then no token is good. The links of
  # the packages could lead to other daemons.
  ln -s /usr/sbin/slurmctld-wlm "$bed_dir/bin/slurmctld"
  ln -s /usr/sbin/slurmd-wlm "$bed_dir/bin/slurmd"
  head -c 128 /dev/urandom >"$bed_dir/munge/key"
  chmod 600 "$bed_dir/munge/key"
  if [[ -n $jwks ]]; then
    install -m 644 "$jwks" "$bed_dir/jwks.json"
  fi
  if [[ $dbd == shared ]]; then
    make_key "$bed_dir"
    make_dbd_config dbd "$bed_dir" accounting
  fi
  if [[ $dbd != none ]]; then make_database; fi
  for name in "${names[@]}"; do make_cluster "$name"; done
}

make_key() {  # DIRECTORY
  head -c 32 /dev/urandom >"$1/jwt.key"
  chown slurm: "$1/jwt.key"
  chmod 600 "$1/jwt.key"
}

# A database that is shared accepts the tokens of one key only, so the clusters share that too.
key_of() {
  if [[ $dbd == shared ]]; then
    echo "$bed_dir/jwt.key"
  else
    echo "$bed_dir/$1/jwt.key"
  fi
}

auth_config() {  # KEY
  cat <<TEXT
AuthType=auth/munge
AuthInfo=socket=$bed_dir/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=${jwks:+jwks=$bed_dir/jwks.json,}jwt_key=$1
SlurmUser=slurm
TEXT
}

# slurmdbd looks for its file beside the slurm.conf that $SLURM_CONF names, which need not be there,
# and wants it for itself.
make_dbd_config() {  # NAME DIRECTORY DATABASE
  local folder=$2/dbd
  mkdir "$folder"
  {
    auth_config "$2/jwt.key"
    cat <<TEXT
DbdHost=$(hostname -s)
DbdAddr=127.0.0.1
DbdPort=$(port_of "$1")
CommunicationParameters=NoInAddrAny
DebugLevel=info
LogFile=$bed_dir/log/$1.log
PidFile=$folder/pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=$3
TEXT
  } >"$folder/slurmdbd.conf"
  chmod 600 "$folder/slurmdbd.conf"
  install -o slurm -m 644 /dev/null "$bed_dir/log/$1.log"
  chown -R slurm: "$folder"
}

# A database that survives nothing, since a bed does not either: every fsync that it leaves out is
# time won. It has no network and asks for no password, but its socket is in a directory that only
# slurmdbd's user enters.
make_database() {
  local db_dir free_mb
  db_dir=$(memory_dir)
  free_mb=$(df --output=avail -BM /dev/shm 2>/dev/null | tail -n 1 | tr -dc 0-9)
  if ((${free_mb:-0} < 300)); then db_dir=$bed_dir/db/data; fi
  mkdir -p "$bed_dir"/db{,/run,/tmp} "$db_dir"
  cat >"$bed_dir/db/my.cnf" <<TEXT
[mysqld]
user=mysql
datadir=$db_dir
tmpdir=$bed_dir/db/tmp
socket=$bed_dir/db/run/socket
pid-file=$bed_dir/db/run/pid
skip-networking
skip-grant-tables
skip-log-bin
skip-name-resolve
performance_schema=OFF
max_allowed_packet=16M
sync_frm=0
innodb_buffer_pool_size=64M
innodb_log_file_size=16M
innodb_doublewrite=0
innodb_flush_method=nosync
innodb_flush_log_at_trx_commit=0
innodb_lock_wait_timeout=900
TEXT
  chown -R mysql:slurm "$bed_dir/db" "$db_dir"
  chmod 750 "$bed_dir/db/run"
  chmod 700 "$db_dir"
  marked mariadb-install-db --defaults-file="$bed_dir/db/my.cnf" --skip-test-db \
    --auth-root-authentication-method=normal >"$bed_dir/log/db-install.out" 2>&1 ||
    fail_with_log "The database cannot be made." "$bed_dir/log/db-install.out"
}

make_cluster() {  # NAME
  local name=$1 folder=$bed_dir/$1 i
  mkdir -p "$folder"/{state,spool,dev}
  chown slurm: "$folder/state"
  for ((i = 1; i <= nodes; i++)); do mkdir "$folder/spool/${name}n$i"; done
  if [[ $dbd != shared ]]; then make_key "$folder"; fi
  if [[ $dbd == each ]]; then make_dbd_config "$name.dbd" "$folder" "accounting_$(index_of "$name")"; fi
  cluster_config "$name" >"$folder/slurm.conf"
  # A GPU is counted only if it has a device file, and each needs one of its own; these do nothing.
  for ((i = 0; i < gpus; i++)); do ln -s /dev/null "$folder/dev/gpu$i"; done
  if ((gpus > 0)); then
    echo "Name=gpu Type=$gpu_kind File=$folder/dev/gpu[0-$((gpus - 1))]"
  fi >"$folder/gres.conf"
}

cluster_config() {  # NAME
  local name=$1 folder=$bed_dir/$1
  cat <<TEXT
ClusterName=$name
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$(port_of "$name.ctld")
$(auth_config "$(key_of "$name")")
SlurmdUser=root
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/state/pid
SlurmdPidFile=$folder/spool/%n/pid
SlurmdLogFile=$bed_dir/log/%n.log
SlurmctldDebug=info
SlurmdDebug=info
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
MailProg=/bin/true
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=2,bf_continue
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# Without a default a job takes all the memory of its node.
DefMemPerCPU=1000
# The nodes have what is written here, whatever this machine has.
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=30
MessageTimeout=10
KillWait=2
MinJobAge=$min_job_age
MaxArraySize=10001
MaxJobCount=100000
$(accounting_config "$name")
$(node_config "$name")
TEXT
}

accounting_config() {  # NAME
  local port_name=dbd
  if [[ $dbd == none ]]; then
    echo 'AccountingStorageType=accounting_storage/none'
    return 0
  fi
  if [[ $dbd == each ]]; then port_name=$1.dbd; fi
  cat <<TEXT
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$(port_of "$port_name")
AccountingStoragePass=$bed_dir/munge/socket
AccountingStorageEnforce=associations,limits,qos,safe
AccountingStoreFlags=job_comment
PriorityType=priority/multifactor
TEXT
  if ((gpus > 0)); then echo "AccountingStorageTRES=gres/gpu,gres/gpu:$gpu_kind"; fi
}

# Every node is in both partitions: work without GPUs and work with them compete for the same cores.
node_config() {  # NAME
  local host range=1 ports
  host=$(hostname -s)
  ports=$(port_of "$1.d1")
  if ((nodes > 1)); then
    range="[1-$nodes]"
    ports="[$ports-$((ports + nodes - 1))]"
  fi
  local gres='' limits='MaxTime=7-00:00:00 DefaultTime=00:10:00 State=UP'
  if ((gpus > 0)); then
    gres="Gres=gpu:$gpu_kind:$gpus"
    echo 'GresTypes=gpu'
  fi
  cat <<TEXT
NodeName=$1n$range NodeHostname=$host NodeAddr=127.0.0.1 Port=$ports CPUs=$cpus Boards=1 \
SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=$((cpus * 4000)) $gres State=UNKNOWN
TEXT
  if ((gpus > 0)); then
    echo "PartitionName=gpu Nodes=$1n$range Default=YES $limits"
    echo "PartitionName=cpu Nodes=$1n$range $limits"
  else
    echo "PartitionName=cpu Nodes=$1n$range Default=YES $limits"
  fi
}
