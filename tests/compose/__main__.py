"""`make compose-test`: docker-compose.yml on whatever Docker there is, and what happens when its parts die."""

import click

from tests.compose.engine import Engine, Failed
from tests.compose.scenario import Scenario


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rate", default="10", show_default=True, help="Bars a second that the producer sends.")
@click.option("--idle", type=click.FloatRange(min=0), default=0, help="Seconds to measure the idle processor, instead.")
@click.option("--keep", is_flag=True, help="Leave the containers and volumes for a look.")
def main(rate: str, idle: float, keep: bool) -> None:
    """Build and start all services in a project of their own, and kill them with kill -9 in turn.

    Scale to three workers, take it down and up. Each part must be back within 30 s, and in the end each bar
    that Kafka has must have exactly one signal. Needs Docker 25 or newer with compose 2.24 or newer. About six minutes.
    """
    feed = {"SPEED": "max", "SESSIONS": "1"} if idle else {"SPEED": rate, "SESSIONS": "20"}
    engine = Engine(feed, click.echo)
    scenario = Scenario(engine, click.echo)
    try:
        if idle:
            engine.compose("up", "--build", "--wait")
            scenario.idle(idle)
        else:
            scenario.run()
    except Failed as error:
        scenario.faults.append(str(error))
    finally:
        if not keep:
            engine.compose("down", "--volumes", "--remove-orphans")
    for fault in scenario.faults:
        click.echo(f"Wrong: {fault}", err=True)
    click.echo("compose: 0 passed, 1 failed" if scenario.faults else "compose: 1 passed, 0 failed")
    raise SystemExit(bool(scenario.faults))


if __name__ == "__main__":
    main(prog_name="python -m tests.compose")
