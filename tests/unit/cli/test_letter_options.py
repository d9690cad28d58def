import click
import pytest
from click.testing import CliRunner

from app.cli.letter_options import letter_filter, letter_options
from app.settings import Settings

SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


@click.command()
@letter_options
def command(**fields: object) -> None:
    click.echo(letter_filter(SETTINGS, ("stocks.raw.avro[1]@2", "3:4"), **fields))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("5..7", "range(5, 8)"), ("..7", "range(0, 8)"), ("5..", f"range(5, {2**63})"), ("5", "range(5, 6)")],
)
def test_a_range_of_offsets_includes_both_ends(text: str, shown: str) -> None:
    assert f"offsets={shown}" in CliRunner().invoke(command, ["--offsets", text]).output


def test_places_are_of_the_source_or_of_the_letter_itself() -> None:
    output = CliRunner().invoke(command, ["--since", "2024-11-14T14:30:00Z", "--key", "AAPL"]).output
    assert "Place(topic='stocks.raw.avro', partition=1, offset=2)" in output
    assert "Place(topic='stocks.dead-letters', partition=3, offset=4)" in output
    assert "since=1731594600000" in output


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--offsets", "..", "100..200"),
        ("--offsets", "7-9", "100..200"),
        ("--since", "yesterday", "ISO-8601"),
        ("--reason", "odd", "key_mismatch"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_does(option: str, text: str, said: str) -> None:
    result = CliRunner().invoke(command, [option, text])
    assert result.exit_code == 2
    assert said in result.output


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(click.UsageError, match="PARTITION:OFFSET"):
        letter_filter(SETTINGS, ("AAPL",))
