"""Running a plan from the command line: what happens is printed and logged; the logs stay where something is wrong."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import strftime

import click

from tests.harness.chaos.chaos_plan import ChaosPlan, ChaosResult
from tests.harness.chaos.report import summary
from tests.harness.chaos.run import Chaos
from tests.integration.fixtures_stack import LocalStack, stopped_in_the_end

#: More to be judged; returns what is wrong.
Check = Callable[[ChaosResult], Sequence[str]]


def run_plan(plan: ChaosPlan, check: Check = lambda _: ()) -> None:
    """Run a plan on a stack of its own. Raises ClickException where something is wrong."""
    # What the test's own clients say of a broker that is away is no news.
    logging.getLogger("app").addHandler(logging.NullHandler())
    directory = Path(tempfile.mkdtemp(prefix="stocks-chaos-"))
    where = f"seed {plan.seed}; logs are in {directory}"
    with (directory / "faults.log").open("w") as log:

        def say(text: str) -> None:
            line = f"{strftime('%H:%M:%S')} {text}"
            click.echo(line)
            click.echo(line, log)
            log.flush()

        say(where)
        with stopped_in_the_end(directory / "stack"):
            chaos = Chaos(LocalStack(directory / "stack"), directory / "run", plan, say)
            try:
                result = chaos.run()
            except AssertionError as error:
                say(f"cannot go on: {error}")
                raise click.ClickException(where) from None
            finally:
                chaos.close()
        result.problems += check(result)
        say(summary(result))
    if result.problems:
        raise click.ClickException(f"{len(result.problems)} problems; {where}")
    shutil.rmtree(directory)
