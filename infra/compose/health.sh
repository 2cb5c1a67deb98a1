#!/bin/bash
# The health check of every container: `health.sh http PORT PATH`, `health.sh redis`, `health.sh postgres`. Ends with 0
# when the server answers as it should; prints what a replica answered, which the engine shows beside the health.
#
# Each check is a process that the engine starts in the container, which takes it some 80 ms of CPU: with nine containers
# and a check each second that is most of a core, and engines before 25 know no interval of its own for the start. So
# a check that finds all well goes on looking itself, once a second, and ends when something is wrong or its time is
# over. While a container is young it ends at once: somebody may be waiting for it.
young_s=15
hold_looks=8
look_s=2

look() {
  case $1 in
    http)
      exec 3<>"/dev/tcp/127.0.0.1/$2" || return 1
      printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$3" >&3
      read -r -t $look_s -u 3 _ status _ || return 1
      while IFS=$'\r' read -r -t $look_s -u 3 line && [[ -n $line ]]; do :; done
      IFS= read -r -t $look_s -u 3 -n 512 said
      exec 3>&-
      [[ $status == 200 ]]
      ;;
    redis)
      said=$(timeout $look_s redis-cli --user health --pass any --no-auth-warning PING 2>&1)
      [[ $said == PONG ]]
      ;;
    # By TCP, as the server that prepares the data listens on its socket only.
    postgres) said=$(pg_isready --timeout=$look_s --host=127.0.0.1) ;;
  esac
}

# Since the container's first process was started, in seconds.
age() {
  local uptime stat
  read -r uptime _ </proc/uptime
  stat=$(</proc/1/stat)
  read -r -a stat <<<"${stat##*) }"
  echo $((${uptime%.*} - stat[19] / 100))
}

for ((looks = 0; looks < hold_looks; looks++)); do
  ((looks == 0)) || sleep 1
  look "$@" 2>/dev/null || { printf '%s\n' "$said" && exit 1; }
  (($(age) >= young_s)) || break
done
printf '%s\n' "$said"
