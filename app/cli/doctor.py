"""`stocks doctor`: what is wrong, and how to mend it."""

import json
from typing import TYPE_CHECKING

import click

from app.terminal.visible import visible_lines

if TYPE_CHECKING:
    from app.doctor import Finding

_MARKS = {"ok": click.style("✓", "green"), "warning": click.style("!", "yellow"), "broken": click.style("✗", "red")}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON object.")
@click.option("--settings", "settings_alone", is_flag=True, help="Only look whether the settings are good.")
def command(as_json: bool, settings_alone: bool) -> None:
    """Say what is wrong with this installation, and how to mend it.

    Looks at versions, settings, broker, topics, schemas, workers and producer:
    ✓ good, ! worth knowing, ✗ broken; the status is 1 if anything is broken.
    """
    import asyncio

    findings = asyncio.run(_examine(settings_alone, show=not as_json))
    broken = any(finding.level == "broken" for finding in findings)
    if as_json:
        report = {"ok": not broken, "findings": [finding._asdict() for finding in findings]}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    if broken:
        raise click.exceptions.Exit(1)


async def _examine(settings_alone: bool, *, show: bool) -> "list[Finding]":
    from app.cli.collaborators import collaborator
    from app.doctor import examine, read_settings

    findings = []

    def found(finding: "Finding") -> None:
        findings.append(finding)
        if show:
            click.echo(_lines(finding))

    if settings_alone:
        for finding in read_settings()[1]:
            found(finding)
    else:
        async for finding in collaborator(examine)():
            found(finding)
    return findings


def _lines(finding: "Finding") -> str:
    message = visible_lines(finding.message).replace("\n", "\n" + " " * 16)
    line = f"{_MARKS[finding.level]} {finding.check:<13} {message}"
    return f"{line}\n{'':<16}→ {visible_lines(finding.fix)}" if finding.fix else line
