#!/bin/sh
# The address of Airflow's own database, with the password that only its containers have.
set -eu
password=$(cat /run/secrets/airflow_db_password)
printf 'postgresql+psycopg2://airflow:%s@postgres:5432/airflow' "$password"
