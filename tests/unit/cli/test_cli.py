import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app import cli
from app.errors import StocksError
from tests.unit.sources.files import written


def test_help_lists_every_command_with_what_it_does() -> None:
    result = CliRunner().invoke(cli.main, ["--help"])
    assert result.exit_code == 0
    listed = dict(line.split(maxsplit=1) for line in result.stdout.partition("Commands:\n")[2].splitlines())
    assert list(listed) == list(cli.COMMANDS)
    assert all(len(text) > 20 for text in listed.values())


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    heavy = ["apprise", "faust", "confluent_kafka", "fastavro", "fastapi", "numpy", "pydantic", "schema_registry"]
    script = (
        "import sys; from click.testing import CliRunner; from app.cli import main; "
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0; "
        f"print(*[name for name in {heavy} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_an_unknown_command_is_named() -> None:
    result = CliRunner().invoke(cli.main, ["signal"])
    assert result.exit_code == 2
    assert "No such command 'signal'" in result.stderr


@pytest.mark.parametrize(
    ("error", "message", "status"),
    [
        (StocksError("No broker: run `make stack-up`"), "Error: No broker: run `make stack-up`", 1),
        (StocksError("No topic \x1b[2J"), r"Error: No topic \x1b[2J", 1),
        (KeyboardInterrupt(), "Stopped.", 130),
    ],
)
def test_what_a_person_can_mend_is_a_line_and_a_status(error: BaseException, message: str, status: int) -> None:
    @click.command()
    def failing() -> None:
        raise error

    result = CliRunner().invoke(cli.Subcommands(commands={"fail": failing}), ["fail"])
    assert result.exit_code == status
    assert result.stderr.strip() == message


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_is_for_every_command(no_color: str, coloured: bool) -> None:
    @click.command()
    def colourful() -> None:
        click.secho("good", fg="green")

    group = cli.Subcommands(commands={"colour": colourful})
    result = CliRunner().invoke(group, ["colour"], color=True, env={"NO_COLOR": no_color})
    assert ("\x1b" in result.stdout) is coloured


def test_bad_settings_are_listed_each_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARTITION=3\nAPI_PORT=no\n")
    stocks = Path(sys.executable).parent / "stocks"
    run = subprocess.run([stocks, "topics", "list"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "Error: The settings need mending:",
        "  - API_PORT=no: must be a whole number from 0 to 65535",
        "  - PARTITION in .env is not a setting: did you mean PARTITIONS?",
    ]


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    stocks = Path(sys.executable).parent / "stocks"
    run = subprocess.run(["sh", "-c", f"{stocks} --help | true"], capture_output=True, text=True, check=False)
    assert run.stderr == ""


@pytest.mark.parametrize("arguments", ["--help", "replay bars.csv --check"])
def test_a_disk_that_has_no_room_for_what_is_printed_is_a_sentence(tmp_path: Path, arguments: str) -> None:
    (tmp_path / "bars.csv").write_text(written.own(written.made()))
    stocks = Path(sys.executable).parent / "stocks"
    run = subprocess.run(
        ["sh", "-c", f"{stocks} {arguments} > /dev/full"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = "Error: what this prints cannot be written: No space left on device. Make room there.\n"
    assert (run.returncode, run.stderr) == (1, said)


def test_a_reader_that_has_read_enough_is_not_told_of_it(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(written.own(written.made()))
    stocks = Path(sys.executable).parent / "stocks"
    command = f"({stocks} replay bars.csv --check; echo status $? >&2) | true"
    run = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stderr == "status 1\n"
