"""Makes the administrator, or gives the one that is there the password of this installation.

On a command line every user of the machine could read the password.
"""

from pathlib import Path

from superset.app import create_app

PASSWORD = Path("/run/secrets/superset_admin_password").read_text(encoding="utf-8").strip()

app = create_app()
with app.app_context():
    accounts = app.appbuilder.sm
    admin = accounts.find_user("admin")
    if admin is not None:
        accounts.reset_password(admin.id, PASSWORD)
    elif not accounts.add_user(
        "admin", "Stafford", "Admin", "admin@example.org", accounts.find_role("Admin"), password=PASSWORD
    ):
        raise SystemExit("the administrator could not be made; the log above says why")
