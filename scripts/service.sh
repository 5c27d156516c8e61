# Life cycle of one daemon, for groupvpn.sh and groupvpn_bootstrap.sh. Sourced, not run.
# The caller sets: name (for messages), program (executable), arguments (its arguments, one word each), log (name of the log).

# Longest wait for a daemon to start and to stop, in seconds.
START_SECONDS=5
STOP_SECONDS=8

say() {
  echo "$name: $1"
}

fail() {
  echo "$name: $1" >&2
  exit "${2:-1}"
}

# Reads the settings; every variable may be missing.
read_settings() {
  DIR=/opt/ipop USER='' GROUP='' BOOTSTRAP_NODES=10 LOG_LEVEL=info LOG_DAYS=14
  for file in "${IPOP_VPN_CONFIG:-/etc/ipop.vpn.config}" "$here/../etc/ipop.vpn.config"; do
    if [ -r "$file" ]; then
      # shellcheck disable=SC1090
      . "$file"
      break
    fi
  done
  [ -d "$DIR" ] || fail "the folder DIR=$DIR of the settings does not exist" 2
  pid_file=$DIR/var/$log.pid
}

# Prints the process number of the running daemon, or fails.
running_pid() {
  [ -r "$pid_file" ] || return 1
  read -r pid <"$pid_file" || return 1
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  # The number may belong to another program by now.
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q "$program" || return 1
  echo "$pid"
}

start_daemon() {
  if pid=$(running_pid); then
    fail "already running (process $pid)"
  fi
  command -v node >/dev/null 2>&1 || fail "node is not installed; version 20.19 or later is needed" 2
  [ -f "$DIR/bin/$program" ] || fail "$DIR/bin/$program is missing; install again" 2
  mkdir -p "$DIR/var"
  if [ -n "$USER" ]; then
    chown -R "$USER${GROUP:+:$GROUP}" "$DIR/etc" "$DIR/var" || fail "cannot give $DIR/etc and $DIR/var to $USER"
  fi
  find "$DIR/var" -name "$log.log.*" -mtime "+$LOG_DAYS" -exec rm -f {} +
  file=$DIR/var/$log.log.$(date +%y%m%d)
  echo "--- started $(date)" >>"$file"
  ln -sf "$(basename "$file")" "$DIR/var/${log}log"
  [ -z "$USER" ] || chown "$USER${GROUP:+:$GROUP}" "$file"
  launch "$file"
  confirm_start "$file"
}

# Starts the daemon in a session of its own; the new process writes its number and becomes the daemon.
launch() {
  # shellcheck disable=SC2016
  starter='echo $$ >"$1"; shift; exec "$@"'
  if [ -n "$USER" ]; then
    command -v setpriv >/dev/null 2>&1 || fail "USER is set, but setpriv (package util-linux) is not installed" 2
    # Only the capability for the virtual interface is kept.
    # shellcheck disable=SC2086
    setsid setpriv --reuid "$USER" --regid "${GROUP:-$(id -gn "$USER")}" --init-groups \
      --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
      sh -c "$starter" sh "$pid_file" node "$DIR/bin/$program" $arguments --log-level "$LOG_LEVEL" \
      </dev/null >>"$1" 2>&1 &
  else
    # shellcheck disable=SC2086
    setsid sh -c "$starter" sh "$pid_file" node "$DIR/bin/$program" $arguments --log-level "$LOG_LEVEL" \
      </dev/null >>"$1" 2>&1 &
  fi
}

# Waits for the daemon's own word that it listens.
confirm_start() {
  tries=$((START_SECONDS * 5))
  while [ "$tries" -gt 0 ]; do
    sleep 0.2
    if pid=$(running_pid); then
      if sed -n '/^--- started/h;//!H;$!d;x;p' "$1" | grep -q '^node address:'; then
        say "started (process $pid), log $1"
        return
      fi
    elif [ "$tries" -lt $((START_SECONDS * 5 - 5)) ]; then
      break
    fi
    tries=$((tries - 1))
  done
  tail -n 5 "$1" >&2
  fail "did not start within $START_SECONDS s; see $1"
}

stop_daemon() {
  if ! pid=$(running_pid); then
    say "not running"
    rm -f "$pid_file"
    return
  fi
  kill -TERM "$pid" 2>/dev/null || fail "may not stop process $pid; run as root or as its user"
  tries=$((STOP_SECONDS * 5))
  while [ "$tries" -gt 0 ] && running_pid >/dev/null; do
    sleep 0.2
    tries=$((tries - 1))
  done
  if running_pid >/dev/null; then
    say "process $pid does not stop; killing it"
    kill -KILL "$pid"
  fi
  rm -f "$pid_file"
  say "stopped"
}

show_status() {
  if pid=$(running_pid); then
    say "running (process $pid)"
  else
    say "not running"
    exit 3
  fi
}

# Carries out the command on the command line.
run_service() {
  case ${1:-} in
    start) start_daemon ;;
    stop) stop_daemon ;;
    restart)
      stop_daemon
      start_daemon
      ;;
    status) show_status ;;
    *) fail "usage: $name start|stop|restart|status" 2 ;;
  esac
}
