#!/bin/sh
# The password goes through a file: on the command line `docker inspect` and `ps` would show it.
set -eu
umask 077
password=$(cat /run/secrets/redis_password)
{
  echo "include /stafford/valkey.conf"
  echo "requirepass $password"
} >/tmp/valkey.conf
exec valkey-server /tmp/valkey.conf
