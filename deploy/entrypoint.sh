#!/bin/sh
# Entry point of the image. Anything that is not another subcommand serves, and serving needs to know its server.
set -e

serve=yes
for word in "$@"; do
  case "$word" in
    mount | umount | list | http-mount | config | doctor | completions | mono | overlay | passthrough | demo | help | -h | --help | -V | --version)
      serve=no
      ;;
  esac
done

if [ "$serve" = yes ]; then
  for name in SCORPIO_BASE_URL SCORPIO_LFS_URL; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
      echo "$name is not set: give the address of the Mega server, as in -e $name=http://mega:8000" >&2
      exit 2
    fi
  done
fi

exec scorpio --config-path /etc/scorpiofs/scorpio.toml "$@"
