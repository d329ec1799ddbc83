"""`python cli.py ...` runs kerasad from a checkout."""

from kerasad.cli import cli

cli()
