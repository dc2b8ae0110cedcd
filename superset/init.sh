#!/usr/bin/env bash
# Brings Superset to this version and imports what lies beside this file. Repeating it changes nothing.
set -euo pipefail
superset db upgrade
# Nobody is told twice: the second time it says that admin exists.
superset fab create-admin --username admin --firstname Stafford --lastname Admin --email admin@example.org \
  --password "$(cat /run/secrets/superset_admin_password)" >/dev/null || true
superset init
# `superset import-directory` takes charts and leaves dashboards out; an export's own form, a zip with one folder, has
# everything.
(cd /srv/superset && python3 -m zipfile -c /tmp/assets.zip assets)
superset import-dashboards --username admin --path /tmp/assets.zip
