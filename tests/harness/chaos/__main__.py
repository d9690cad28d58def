"""`make chaos`: a long random run of faults, judged from outside."""

import random

import click

from tests.harness.chaos.chaos_plan import ChaosPlan
from tests.harness.chaos.command import run_plan


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--faults", default=100, show_default=True, type=click.IntRange(min=1), help="So many faults.")
@click.option("--seed", type=int, help="Which faults, in which order; a random one unless given. It is printed.")
@click.option("--minutes", type=click.FloatRange(min=0.1), help="Begin no fault after so many minutes.")
@click.option("--workers", default=3, show_default=True, type=click.IntRange(min=1, max=9), help="Workers at most.")
@click.option("--rate", default=400.0, show_default=True, type=click.FloatRange(min=1), help="Records sent a second.")
@click.option("--each-round", default=25, show_default=True, type=click.IntRange(min=1), help="Faults of a round.")
def main(faults: int, seed: int | None, minutes: float | None, workers: int, rate: float, each_round: int) -> None:
    """Let faults happen to workers, broker and registry while bars are sent, and judge what is left.

    A stack of its own is started. The faults follow from the seed, when exactly they strike does not. After each
    round everything comes back, and what lies in Kafka and what the workers show is compared with what numpy makes
    of the bars. Logs are kept when something is wrong.
    """
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    run_plan(ChaosPlan(faults=faults, seed=seed, minutes=minutes, workers=workers, rate=rate, each_round=each_round))


if __name__ == "__main__":
    main(prog_name="python -m tests.harness.chaos")
