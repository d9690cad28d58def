"""docs/PERFORMANCE.md and its plots, from what a bench saved."""

import click


@click.command()
def main() -> None:
    """To come."""
