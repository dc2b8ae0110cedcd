#!/bin/sh
# Writes the file that Airflow's simple sign-in reads, from the secret, and starts what it is told.
set -eu
umask 077
password=$(cat /run/secrets/airflow_admin_password)
printf '{"admin": "%s"}' "$password" >/tmp/passwords.json
exec "$@"
