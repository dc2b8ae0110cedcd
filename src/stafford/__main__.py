"""`python -m stafford`, for where scripts are not on the PATH."""

from stafford.cli.main import run

run()
