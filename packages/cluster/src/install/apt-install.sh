#!/bin/sh
# usage: apt-install.sh POLICY PACKAGE...
#
# Installs packages with apt-get without letting it start what it installs: Debian asks POLICY (/usr/sbin/policy-rc.d)
# before it starts a service, and 101 means no. One that is there already is the administrator's and stays as it is; ours
# is removed however this ends. A signal ends what may be interrupted (update, download), never an installation half way.
set -eu

policy=$1
shift
marker='# Made by lockstep while apt-get runs, and removed then: services are not started where they are installed.'
ours=no
# The last command in the background that has ended; the shell itself knows the last that was begun, from its first moment.
# A variable of ours would be set a moment later:
#   1: apt-get is begun   2: a signal comes   3: nobody is known who could be ended, and we leave it behind.
ended=

tidy() {
  if [ "$ours" = yes ]; then rm -f "$policy"; fi
}
interrupted() {
  # There may be no $! yet.
  set +u
  if [ "$!" != "$ended" ]; then kill "$!" 2>/dev/null || :; fi
  exit 143
}
trap tidy EXIT
trap interrupted INT TERM HUP

interruptible() {
  "$@" </dev/null &
  wait "$!"
  ended=$!
}

export DEBIAN_FRONTEND=noninteractive
options='-y --no-install-recommends -o DPkg::Lock::Timeout=120'

interruptible apt-get update
# shellcheck disable=SC2086  # options are words
interruptible apt-get install $options --download-only "$@"

# One of ours was left by an installation that was killed.
if [ -e "$policy" ] && grep -qF "$marker" "$policy"; then rm -f "$policy"; fi
if [ ! -e "$policy" ]; then
  # Not overwriting one that appears this very moment; `ours` before it is whole, so that half of it is removed too.
  set -C
  if printf '#!/bin/sh\n%s\nexit 101\n' "$marker" 2>/dev/null >"$policy"; then ours=yes; fi
  set +C
  if [ "$ours" = yes ]; then chmod 755 "$policy"; fi
fi

# shellcheck disable=SC2086
apt-get install $options "$@" </dev/null
