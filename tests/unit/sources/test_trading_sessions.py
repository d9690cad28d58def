import datetime

import pytest

from app.sources.base import SourceError
from app.sources.trading_sessions import sessions_between, sessions_from


def ms(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


def test_a_session_in_utc() -> None:
    [session] = sessions_from(datetime.date(2024, 11, 14), 1)
    assert (session.open_ms, session.close_ms) == (ms("2024-11-14T14:30:00Z"), ms("2024-11-14T21:00:00Z"))
    assert (session.day, session.minutes) == (datetime.date(2024, 11, 14), 390)


def test_summer_time_half_days_and_weekends() -> None:
    sessions = sessions_from(datetime.date(2024, 11, 27), 3)
    assert [str(session.day) for session in sessions] == ["2024-11-27", "2024-11-29", "2024-12-02"]
    assert [session.minutes for session in sessions] == [390, 210, 390]
    [summer] = sessions_from(datetime.date(2024, 7, 1), 1)
    assert summer.open_ms == ms("2024-07-01T13:30:00Z")


@pytest.mark.parametrize(
    ("day", "near"),
    [
        ("2024-11-16", "2024-11-15 and 2024-11-18"),
        ("2024-11-28", "2024-11-27 and 2024-11-29"),
        ("1980-01-01", "1990-01-02"),
        ("2100-06-01", "2099-12-31"),
    ],
)
def test_a_day_without_a_session_names_the_nearest(day: str, near: str) -> None:
    with pytest.raises(SourceError, match=f"no session on {day}.* {near}"):
        sessions_from(datetime.date.fromisoformat(day), 1)


def test_the_sessions_of_some_days() -> None:
    sessions = sessions_between(datetime.date(2024, 11, 28), datetime.date(2024, 12, 2))
    assert [str(session.day) for session in sessions] == ["2024-11-29", "2024-12-02"]
    assert sessions == sessions_from(datetime.date(2024, 11, 29), 2)


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2024-11-16", "2024-11-17", "no session from 2024-11-16 to 2024-11-17; .* 2024-11-15 and 2024-11-18"),
        ("2024-11-16", "2024-11-16", "no session on 2024-11-16; "),
        ("2024-11-15", "2024-11-14", "no session from 2024-11-15 to 2024-11-14"),
        ("2100-06-01", "2100-06-02", "2099-12-31"),
    ],
)
def test_days_without_a_session_name_the_nearest(first: str, last: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        sessions_between(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))
