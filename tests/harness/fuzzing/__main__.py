"""`make fuzz`: every decoder on as many bytes as the time allows, guided by coverage where atheris is installed."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from tests.harness.fuzzing.families import FAMILIES
from tests.harness.fuzzing.family import Family
from tests.harness.fuzzing.mutations import TELLING, mutated

#: What one piece of bytes may take, at most.
SECONDS, MEBIBYTES, BYTES = 5, 1024, 8192


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", metavar="[FAMILY]...", nargs=-1, type=click.Choice(list(FAMILIES)))
@click.option("--minutes", default=5.0, show_default=True, help="For each family.")
def main(names: Sequence[str], minutes: float) -> None:
    """Fuzz each FAMILY of decoders (all unless named); ends with 1 when one breaks a promise, and shows the bytes."""
    broken = [name for name in names or FAMILIES if not _fuzz(FAMILIES[name], 60 * minutes)]
    if broken:
        raise click.ClickException(f"broken promises: {', '.join(broken)}")


def _fuzz(family: Family, seconds: float) -> bool:
    click.echo(f"{family.name}: {seconds:g} s")
    tried = _unguided(family, seconds / 5 if find_spec("atheris") else seconds)
    click.echo(f"{family.name}: {tried:,} changed values read as promised")
    return not find_spec("atheris") or _guided(family, seconds * 4 / 5)


def _unguided(family: Family, seconds: float) -> int:
    seed = random.SystemRandom().getrandbits(32)
    chance, tried, end = random.Random(seed), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(family.seeds, chance)
        try:
            family.check(data)
        except Exception as error:
            raise click.ClickException(f"{family.name}, seed {seed}: {error!r} at {data!r}") from error
        tried += 1
    return tried


def _guided(family: Family, seconds: float) -> bool:
    with tempfile.TemporaryDirectory(prefix="stocks-fuzz-") as temporary:
        corpus, dictionary = Path(temporary, "corpus"), Path(temporary, "dictionary")
        corpus.mkdir()
        for number, seed in enumerate(family.seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in TELLING if len(word) < 64)
        dictionary.write_text("".join(f'"{word}"\n' for word in escaped))
        found = Path.cwd() / f"fuzz-{family.name}-"
        options = {
            "max_total_time": round(seconds),
            "timeout": SECONDS,
            "rss_limit_mb": MEBIBYTES,
            "max_len": BYTES,
            "dict": dictionary,
            "artifact_prefix": found,
            "print_final_stats": 1,
            "verbosity": 0,
        }
        arguments = [f"-{name}={value}" for name, value in options.items()]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.harness.fuzzing.guided", family.name, *arguments, str(corpus)], check=False
        )
    return ended.returncode == 0


if __name__ == "__main__":
    main(prog_name="make fuzz")
