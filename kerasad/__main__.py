from kerasad.cli import cli

cli(prog_name="kerasad")
