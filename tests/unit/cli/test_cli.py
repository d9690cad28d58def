import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from app import cli
from app.errors import StocksError


def test_help_lists_every_command_with_what_it_does() -> None:
    result = CliRunner().invoke(cli.main, ["--help"])
    assert result.exit_code == 0
    listed = dict(line.split(maxsplit=1) for line in result.stdout.partition("Commands:\n")[2].splitlines())
    assert list(listed) == list(cli.COMMANDS)
    assert all(len(text) > 20 for text in listed.values())


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    heavy = ["faust", "confluent_kafka", "fastavro", "fastapi", "numpy", "pydantic", "schema_registry"]
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
    ("error", "message"),
    [
        (StocksError("No broker: run `make stack-up`"), "Error: No broker: run `make stack-up`"),
        (KeyboardInterrupt(), "Aborted!"),
    ],
)
def test_what_a_person_can_mend_is_a_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, message: str
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(cli.Subcommands, "get_command", lambda *_: failing)
    result = CliRunner().invoke(cli.main, ["tail"])
    assert result.exit_code == 1
    assert result.stderr.strip() == message


def test_bad_settings_are_listed_each_with_its_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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
