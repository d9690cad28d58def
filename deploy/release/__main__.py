"""`make release VERSION=1.2.0`."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import click

from deploy.release.changelog import unreleased
from deploy.release.checks import faults, has_docker
from deploy.release.steps import Failed, Release

ROOT = Path(__file__).parents[2]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("version")
@click.option("--dry-run", is_flag=True, help="Check, say what would be done, and change nothing.")
@click.option("--without-image", is_flag=True, help="Where there is no Docker engine: leave out the image.")
@click.option("--uv", default="uv", show_default=True, help="The uv that builds and locks.")
@click.option("--root", default=ROOT, type=click.Path(exists=True, path_type=Path), hidden=True)
def main(version: str, dry_run: bool, without_image: bool, uv: str, root: Path) -> None:
    """Release this checkout as VERSION: check, build, test what was built, write the changelog, commit, tag.

    The wheel, the sdist, their bill of materials, their licences and the tested versions of all dependencies are in
    dist/VERSION. Nothing is pushed; in the end the commands for that are printed.
    """
    found = faults(root, version)
    if not (without_image or has_docker()):
        found.append("no Docker engine answers, so there would be no image: start it, or release --without-image")
    if found:
        raise click.ClickException("\n".join(["this cannot be released:", *(f"  - {fault}" for fault in found)]))
    if without_image:
        click.echo("The image is left out.")
    release = Release(root, version, uv=str(Path(shutil.which(uv) or uv).absolute()), say=click.echo)
    day = datetime.now(UTC).date()
    if dry_run:
        click.echo(f"Ready. CHANGELOG.md would say below [{version}] - {day}:\n\n{unreleased(_changelog(root))}\n")
        click.echo(release.what_to_push(with_image=not without_image))
        return
    try:
        release.make(day, with_image=not without_image)
    except Failed as error:
        raise click.ClickException(str(error)) from None


def _changelog(root: Path) -> str:
    return (root / "CHANGELOG.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m deploy.release")
