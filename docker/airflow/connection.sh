#!/bin/sh
# The address of Airflow's own database, with the password that only its containers have.
printf 'postgresql+psycopg2://airflow:%s@postgres:5432/airflow' "$(cat /run/secrets/airflow_db_password)"
