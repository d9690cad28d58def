"""`make soak`: whole sessions at full speed, a fault every few seconds; memory must stay flat."""

import random
from math import inf

import click

from tests.harness.chaos.chaos_faults import FaultKind
from tests.harness.chaos.chaos_plan import ChaosPlan, ChaosResult
from tests.harness.chaos.command import run_plan
from tests.harness.soak.memory import courses
from tests.harness.soak.soak_sessions import sessions

#: The worker to which nothing happens, so that there is one whose memory can be watched for long.
VETERAN = "w0"

KINDS = (
    frozenset(FaultKind)
    - {kind for kind in FaultKind if kind.startswith("named point")}
    - {FaultKind.BROKER_AWAY, FaultKind.LEAVE}
)

#: What a worker may take at most, and by how much it may grow in a minute once it is warm, in MB.
MOST_MB = 600
GROWTH_MB = 10


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--symbols", default=1000, show_default=True, type=click.IntRange(min=1), help="Symbols.")
@click.option("--days", default=15, show_default=True, type=click.IntRange(1, 80), help="Sessions.")
@click.option("--every", default=10.0, show_default=True, type=click.FloatRange(min=0.1), help="Seconds to a fault.")
@click.option(
    "--rate",
    type=click.IntRange(min=1),
    help="Bars a second at most; as many as the broker takes unless given. 40 days at 4300 take an hour.",
)
@click.option("--seed", type=int, help="Which faults; a random one unless given. It is printed.")
def main(symbols: int, days: int, every: float, rate: int | None, seed: int | None) -> None:
    """Send whole sessions, let a fault happen every few seconds, judge what is left.

    One of the two workers is never hurt itself: how its memory, threads and files develop is shown. How much memory
    a worker takes is bounded, and how much more that one takes in a minute.
    """
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    plan = ChaosPlan(
        faults=1_000_000,
        each_round=1_000_000,
        seed=seed,
        workers=2,
        rate=rate or inf,
        tapes=sessions(symbols, days),
        kinds=KINDS,
        spared=frozenset({VETERAN}),
        pause=every,
        settings={"partitions": 8},
    )
    run_plan(plan, check=flat)


def flat(result: ChaosResult) -> list[str]:
    """What grew; the courses themselves are printed, too."""
    told = courses(result.footprints)
    for course in told:
        quarters = ", ".join(f"{mean:.0f}" for mean in course.quarters)
        click.echo(
            f"{course.name}, {course.seconds:.0f} s: {course.least:.0f} to {course.most:.0f} MB, "
            f"{course.slope:+.1f} MB a minute, quarters {quarters}, "
            f"threads {course.threads}, files {course.files}"
        )
    problems = [f"{course.name} had {course.most:.0f} MB" for course in told if course.most > MOST_MB]
    veteran = next(course for course in told if course.name == VETERAN)
    if veteran.slope > GROWTH_MB:
        problems.append(f"{VETERAN} grew by {veteran.slope:.1f} MB a minute")
    return problems


if __name__ == "__main__":
    main(prog_name="python -m tests.harness.soak")
