#!/usr/bin/env bash
# Brings roles, databases and rights to what the applications need. Running it again changes nothing but passwords,
# which it sets to those of the secret files.
set -euo pipefail
export PGHOST=postgres PGUSER=postgres PGCONNECT_TIMEOUT=5
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD

# Passwords come in on standard input: on a command line every process of the container could read them.
run() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"; }

role() { # name, secret
  local password
  password=$(cat "/run/secrets/$2") # not below, where a failure would go unnoticed
  run --dbname=postgres <<SQL
SELECT 'CREATE ROLE $1 LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1') \gexec
ALTER ROLE $1 WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '$password';
SQL
}

database() { # name, which is its owner's too
  run --dbname=postgres <<SQL
SELECT 'CREATE DATABASE $1 OWNER $1' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$1') \gexec
ALTER DATABASE $1 OWNER TO $1;
-- Otherwise every role could connect to every database.
REVOKE ALL ON DATABASE $1 FROM PUBLIC;
SQL
}

for application in airflow superset; do
  role "$application" "${application}_db_password"
  database "$application"
done
role warehouse warehouse_password
database warehouse
# Dashboards read the warehouse, and nothing can be changed from there.
role dashboards dashboards_password
run --dbname=warehouse <<'SQL'
GRANT CONNECT ON DATABASE warehouse TO dashboards;
ALTER ROLE dashboards SET default_transaction_read_only = on;
ALTER DEFAULT PRIVILEGES FOR ROLE warehouse GRANT USAGE ON SCHEMAS TO dashboards;
ALTER DEFAULT PRIVILEGES FOR ROLE warehouse GRANT SELECT ON TABLES TO dashboards;
SQL
echo "databases airflow, superset and warehouse are as planned"
