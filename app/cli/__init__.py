"""The `stocks` command. Each subcommand is `command` in the module of its name, imported when needed."""

import sys
from importlib import import_module
from typing import Any

import click

from app.cli.not_installed import not_installed
from app.engine.errors import OperatorError
from app.terminal.endings import INTERRUPTED, interruptible
from app.terminal.streams import FULL, GONE, colours, is_gone, let_go, say
from app.terminal.visible import visible_lines

COMMANDS = (
    *("demo", "worker", "replay", "live", "produce", "watch", "signals", "windows", "explain", "tail", "alerts"),
    *("dead-letters", "tables", "topics", "doctor", "stack", "front"),
)


class Subcommands(click.Group):
    """Imports a subcommand when it is asked for, and shows our errors as sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, None if there is none of this name; one that was added comes first, as in any group."""
        added = super().get_command(ctx, cmd_name)
        if added or cmd_name not in COMMANDS:
            return added
        command: click.Command = import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        return command

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command; say in a sentence when a disk has no room for what is printed."""
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            # A file that was opened by its name has that in the error.
            if error.errno not in FULL or error.filename:
                raise
            say(f"Error: what this prints cannot be written: {error.strerror}. Make room there.")
            let_go(full=True)
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> object:
        """Run a subcommand; what a person can mend ends with status 1 and without a traceback."""
        if not colours():
            ctx.color = False
        try:
            with interruptible():
                return super().invoke(ctx)
        except OperatorError as error:
            raise click.ClickException(visible_lines(str(error))) from error
        except ModuleNotFoundError as error:
            if sentence := not_installed(error):
                raise click.ClickException(sentence) from None
            raise
        except KeyboardInterrupt:
            if is_gone(1):  # As with `| head -1`.
                raise click.exceptions.Exit(1) from None
            say("Stopped.")
            raise click.exceptions.Exit(INTERRUPTED) from None
        except OSError as error:
            # The reader of the output has gone; a disk may fail with the same number.
            if error.errno in GONE and (is_gone(1) or is_gone(2)):
                raise click.exceptions.Exit(1) from None
            raise
        finally:
            let_go()


@click.group(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stock-signals")
def main() -> None:
    """One-minute stock bars in, explained BUY / SELL / HOLD signals out.

    Settings come from the environment and .env; .env.example explains each.
    """
