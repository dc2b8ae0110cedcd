#!/bin/sh
# The password goes through a file: on the command line `docker inspect` and `ps` would show it.
set -eu
umask 077
{
  echo "include /stafford/valkey.conf"
  echo "requirepass $(cat /run/secrets/redis_password)"
} >/tmp/valkey.conf
exec valkey-server /tmp/valkey.conf
