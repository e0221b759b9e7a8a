#!/bin/sh
# Starts scorpio as PID 1. Serving needs to be told which server; every other command does not.
set -eu

# The command is the first word that is neither an option nor the value of one; none means serve, as it always did.
command=''
skip=''
serving=yes
for word in "$@"; do
  if [ -n "$skip" ]; then
    skip=''
    continue
  fi
  case "$word" in
    -h | --help | -V | --version | --repo | --repo=*) serving='' ;;
    -c | --config-path | --log-level | --log-format | --http-addr | --upper-root | --cl-root | --mount-root | --state-file) skip=yes ;;
    -*) ;;
    *) [ -n "$command" ] || command=$word ;;
  esac
done
case "$command" in
  '' | serve) ;;
  *) serving='' ;;
esac

if [ -n "$serving" ]; then
  for name in SCORPIO_BASE_URL SCORPIO_LFS_URL; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
      echo "$name is not set: give the address of the Mega server, for example -e SCORPIO_BASE_URL=http://mega:8000 -e SCORPIO_LFS_URL=http://mega:8000/lfs" >&2
      exit 2
    fi
  done
fi

exec scorpio --config-path /etc/scorpiofs/scorpio.toml "$@"
