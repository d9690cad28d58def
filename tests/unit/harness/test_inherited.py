"""Tests run with the defaults, whatever the shell exports."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from app.cli import COMMANDS, main
from app.settings import setting_fields
from tests.harness.inherited import OPTIONS

ROOT = Path(__file__).parents[3]
CODE = "import os, tests.conftest; print(sorted(name for name in os.environ if os.environ[name] == 'from the shell'))"


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        names = parameter.envvar or []
        yield from [names] if isinstance(names, str) else names
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from options(each)


def test_no_setting_and_no_option_of_a_command_reaches_the_tests() -> None:
    names = [*setting_fields(), *OPTIONS, "signal_history"]
    exported = {name.upper(): "from the shell" for name in names} | {"api_port": "from the shell"}
    kept = {"ANOTHER_PROGRAMS": "from the shell"}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env=os.environ | exported | kept,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['ANOTHER_PROGRAMS']\n"


def test_all_options_that_the_environment_can_give_are_known() -> None:
    context = click.Context(main)
    found = {name.lower() for each in COMMANDS for name in options(main.get_command(context, each) or main)}
    assert found - set(setting_fields()) == OPTIONS - set(setting_fields())
