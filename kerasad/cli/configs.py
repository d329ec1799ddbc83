import click


@click.command("configs")
@click.argument("name", required=False)
def command(name):
    """List the recipes, or show recipe NAME with every key resolved."""
    from kerasad import recipes

    if name is not None:
        from kerasad import config

        click.echo(config.to_yaml(config.load_config(name)), nl=False)
        return
    for recipe in recipes.names():
        path = recipes.config_folder() / f"{recipe}.yaml"
        first = path.read_text(encoding="utf-8").splitlines()[0]
        click.echo(f"{recipe:<10} {first.lstrip('# ')}")
