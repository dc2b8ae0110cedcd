#!/usr/bin/env bash
# Starts PostgreSQL: makes an empty cluster once, then serves. The image's own entry point is not used: it would take
# the superuser's password from the environment, or leave the choice of authentication to its defaults.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  other=$(find /var/lib/postgresql/data -maxdepth 2 -name PG_VERSION -print -quit)
  if [ -n "$other" ]; then
    echo "the volume postgres-data holds PostgreSQL $(cat "$other"), and this is $(postgres --version):" \
      "dump it with the old image, or delete the volume; docs/how-to/upgrade-a-version.md says how" >&2
    exit 78
  fi
  # Aside, so that a start that was killed leaves no half of a cluster that looks whole.
  rm -rf "$PGDATA.tmp"
  initdb --pgdata="$PGDATA.tmp" --username=postgres --pwfile=/run/secrets/postgres_password \
    --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA.tmp/pg_hba.conf"
  mv "$PGDATA.tmp" "$PGDATA"
fi

# The superuser's password is that of the secret file, also where the file is newer than the cluster.
password=$(cat /run/secrets/postgres_password)
echo "ALTER ROLE postgres PASSWORD '$password'" | postgres --single -D "$PGDATA" postgres >/dev/null

exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp \
  -c timezone=UTC -c log_timezone=UTC -c max_connections=60 -c shared_buffers=64MB -c effective_cache_size=192MB \
  -c max_wal_size=512MB -c logging_collector=off
