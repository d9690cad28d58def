"""`--check` says what is there, and sending refuses what it says would not do."""

from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.cli.check_text import lines
from app.domain.strategy import Strategy
from app.sources.base import SourceError
from app.sources.files.bar_files import BarFiles
from app.sources.files.bar_rows import BarRow
from app.sources.files.check import Checked, check_files
from app.sources.files.options import FileOptions
from tests.unit.sources.files import written
from tests.unit.sources.files.written import made, write

DAY = 24 * 60


def checked(path: Path, **options: object) -> tuple[Checked, str]:
    files = BarFiles([str(path)], options=FileOptions(**options))  # type: ignore[arg-type]
    result = check_files(files, Strategy())
    return result, "\n".join(lines(result))


def refusal(path: Path, **options: object) -> str:
    """Why nothing of it is sent."""
    with pytest.raises(SourceError) as refused:
        BarFiles([str(path)], options=FileOptions(**options)).prepare(Strategy())  # type: ignore[arg-type]
    return str(refused.value)


def notices(path: Path, **options: object) -> list[str]:
    found: list[str] = []
    files = BarFiles([str(path)], options=FileOptions(**options), on_notice=found.append)  # type: ignore[arg-type]
    files.prepare(Strategy())
    return found


def at(minutes: Iterable[int], symbol: str = "AAPL", price: float = 225.0) -> list[BarRow]:
    """A bar at each of these minutes after the opening."""
    start = int(written.OPENING.timestamp()) * 1000
    return [BarRow(symbol, start + minute * 60_000, price, price, price, price, 5.0, 1, price) for minute in minutes]


def test_a_good_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", written.own([*made(count=30), *made("MSFT", 20)]).replace(",vwap", ",note"))
    result, text = checked(path)
    assert result.all_good
    assert (
        text
        == f"""\
{path}
  form      columns by name, UTF-8, commas
  not read  note
  zone      each time names its own
  symbols   2: AAPL, MSFT
  bars      50, from 2024-11-14T14:30:00Z to 2024-11-14T14:59:00Z
            from 20 (MSFT) to 30 (AAPL) a symbol
  sessions  1 of New York, 2024-11-14; 100% of the bars in regular hours
  gaps      none in regular hours
  splits    none suspected
  order     each symbol's bars in order of time
  refused   none of 50 rows
All rows are good: without --check they are sent."""
    )


def test_refused_rows_are_listed_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", written.own(made()) + "oops\n" * 30)
    result, text = checked(path)
    assert not result.all_good
    assert "  refused   30 of 35 rows\n              line 7: it has 1 fields, the first line has 9\n" in text
    assert "line 26: " in text
    assert "line 27: " not in text
    assert "… and 10 more" in text
    assert text.endswith("Without --check the good rows are sent, and the refused ones are not.")


def test_gaps_against_the_calendar_and_suspected_splits(tmp_path: Path) -> None:
    day = at([*range(10), *range(13, 390)])
    # The next morning, at a fourth.
    rows = [*day, *at(range(DAY, DAY + 5), price=56.0)]
    result, text = checked(write(tmp_path / "a.csv", written.own(rows)))
    assert result.all_good
    assert "3 minutes of regular hours without a bar, of 1 symbol" in text
    assert "  3 of AAPL between 2024-11-14T14:39:00Z and 2024-11-14T14:43:00Z" in text
    assert "4:1 of AAPL: opened at 56 after 225 at 2024-11-15T14:30:00Z" in text
    [warning] = result.warnings
    assert warning.startswith("AAPL opened at 56 after 225, 2024-11-15T14:30:00Z: looks like a 4:1 split. Bars from")
    assert "sessions  2 of New York, 2024-11-14 to 2024-11-15" in text


def test_newest_first_is_refused_with_how_many_and_sort_mends_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", written.own(made(count=30)[::-1]))
    sentence = refusal(path)
    assert "19 of 30 rows come after more than 10 newer ones (LATE_BARS) of their symbol" in sentence
    assert "the first is line 13, AAPL 2024-11-14T14:48:00Z" in sentence
    assert sentence.endswith("--sort. Nothing was sent.")
    result, text = checked(path)
    assert not result.all_good
    assert "10 late, taken in; 19 stale" in text
    assert checked(path, sort=True)[0].all_good
    assert notices(path, sort=True) == []


def test_late_and_repeated_bars_that_are_taken_pass(tmp_path: Path) -> None:
    rows = made(count=30)
    rows[10:21] = [*rows[11:21], rows[10]]
    result, text = checked(write(tmp_path / "a.csv", written.own([*rows, rows[-1], rows[-1]._replace(volume=7.0)])))
    assert result.all_good
    assert "gaps      none in regular hours" in text
    assert "1 late, taken in; 1 repeated, which change nothing; 1 of the same minute with other values" in text


@pytest.mark.parametrize(
    ("minutes", "length"),
    [
        (range(0, 390, 5), "5 minutes apart"),
        (range(0, 20, 5), "5 minutes apart"),
        ([day * DAY + hour * 60 for day in range(5) for hour in range(7)], "one hour apart"),
        ([day * DAY for day in range(30) if day % 7 not in (2, 3)], "one day apart"),
        (range(0, 390, 2), "2 minutes apart"),
    ],
    ids=["five minutes", "four bars", "hours", "days", "two minutes"],
)
def test_bars_that_are_not_of_one_minute_are_refused(tmp_path: Path, minutes: Iterable[int], length: str) -> None:
    rows = [*at(minutes), *at(range(30), "SPY")]
    path = write(tmp_path / "a.csv", written.own(sorted(rows, key=lambda row: row.timestamp)))
    assert f"The bars of AAPL are {length}, and only bars of one minute make sense here" in refusal(path)
    assert not checked(path)[0].all_good


def test_a_symbol_that_is_seldom_traded_is_not_taken_for_that(tmp_path: Path) -> None:
    minutes, minute = [], 0
    for step in (3, 7, 2, 11, 5, 4, 9, 6, 13, 8, 2, 10, 5, 7, 3):
        minutes.append(minute)
        minute += step
    assert notices(write(tmp_path / "a.csv", written.own(at(minutes)))) == []
    assert notices(write(tmp_path / "b.csv", written.own(at([0, 30])))) == []


def test_prices_of_two_levels_get_a_warning(tmp_path: Path) -> None:
    rows = [row._replace(symbol="X") for pair in zip(made(count=20), made("B", 20, 410.0), strict=True) for row in pair]
    [warning] = notices(write(tmp_path / "a.csv", written.own(rows)))
    assert warning.startswith("Warning: Prices of X jump between levels like 22")
    assert "--map symbol=" in warning


@pytest.mark.parametrize(("wrong", "hint"), [("UTC", "5 hours later"), ("Europe/Berlin", "6 hours later")])
def test_a_wrong_zone_gets_a_warning(tmp_path: Path, wrong: str, hint: str) -> None:
    text = written.firstrate(made(count=390))
    path = write(tmp_path / "AAPL_1min.txt", text)
    [warning] = notices(path, zone=ZoneInfo(wrong))
    assert "of the bars lie outside every session of New York, and would not if they were " + hint in warning
    assert "--tz" in warning
    assert ("for example --tz America/New_York" in warning) == (wrong == "UTC")
    assert notices(path) == []


def test_bars_of_extended_hours_get_none(tmp_path: Path) -> None:
    assert notices(write(tmp_path / "a.csv", written.own(at(range(-330, 630))))) == []


def test_bars_of_a_weekend_get_one_that_names_no_shift(tmp_path: Path) -> None:
    [warning] = notices(write(tmp_path / "a.csv", written.own(at(range(2 * DAY, 2 * DAY + 300)))))
    assert warning.startswith("Warning: 100% of the bars lie outside every session of New York. If their zone is wrong")


def test_no_bar_of_the_symbols_asked_for_is_not_all_good(tmp_path: Path) -> None:
    files = BarFiles([str(write(tmp_path / "a.csv", written.own(made())))], symbols=frozenset({"MSFT"}))
    result = check_files(files, Strategy())
    assert result.refusals == ["There is nothing to send: no row is both good and of a symbol that was asked for."]
    assert "\n".join(lines(result)).endswith("Without --check nothing would be sent.")


def test_bars_of_a_day_get_no_warning_of_their_zone(tmp_path: Path) -> None:
    midnights = [-870 + day * DAY for day in range(30) if day % 7 not in (2, 3)]
    result, _ = checked(write(tmp_path / "a.csv", written.own(at(midnights))))
    assert (len(result.refusals), result.warnings) == (1, [])


def test_bars_of_the_future_are_taken_and_named(tmp_path: Path) -> None:
    to_come = [row._replace(timestamp=row.timestamp + 75 * 365 * DAY * 60_000) for row in made()]
    [warning] = notices(write(tmp_path / "a.csv", written.own(to_come)))
    assert warning.startswith("Warning: Bars of AAPL start in the future, up to 2099-10-27T14:34:00Z; it is 20")


def test_several_files_are_counted_by_form(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", written.own(made()))
    write(tmp_path / "2.csv", written.own(made("MSFT")))
    write(tmp_path / "3.csv", written.polygon(made("SPY")))
    files = BarFiles([str(tmp_path / "*")])
    text = "\n".join(lines(check_files(files, Strategy())))
    assert text.startswith(
        "3 files\n  form      columns by name, UTF-8, commas (2 files)\n            Polygon flat file"
    )
