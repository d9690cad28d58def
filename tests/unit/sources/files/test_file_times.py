import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from app.sources.files.file_times import ClockOfDay, NoZone, TimeReader, from_epochs

MOMENT = 1_731_594_600_000  # 2024-11-14T14:30:00Z
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    "text",
    [
        "2024-11-14T14:30:00Z",
        "2024-11-14 09:30:00-05:00",
        "20241114T143000Z",
        "1731594600",
        "1731594600000",
        "1731594600000000",
        "1731594600000000000",
    ],
)
def test_times_that_say_their_zone(text: str) -> None:
    assert TimeReader().one(text) == TimeReader(NEW_YORK).one(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    ["2024-11-14 09:30:00", "2024-11-14T09:30", "20241114 093000", "20241114 93000", "2024-11-14 930", "20241114T0930"],
)
def test_times_on_the_zones_clocks(text: str) -> None:
    assert TimeReader(NEW_YORK).one(text) == MOMENT
    with pytest.raises(NoZone, match="names no zone: say it, for example --tz America/New_York"):
        TimeReader().one(text)


def test_summer_time_and_the_hours_that_are_there_twice_or_never() -> None:
    times = TimeReader(NEW_YORK)
    assert times.one("2024-07-01 09:30") - times.one("2024-07-01T13:30Z") == 0
    for text in ("2024-11-03 01:30", "2024-03-10 02:30"):
        with pytest.raises(ValueError, match="twice or never"):
            times.one(text)
    texts = pa.array(["2024-11-03 00:59:00", "2024-11-03 01:30:00", "2024-11-03 02:00:00"])
    read = times.column(texts)
    assert read is not None
    assert read[1].tolist() == [True, False, True]
    assert read[0][[0, 2]].tolist() == [times.one("2024-11-03T04:59Z"), times.one("2024-11-03T07:00Z")]


def test_a_day_that_there_is_not_is_read_one_by_one() -> None:
    assert TimeReader(NEW_YORK).column(pa.array(["20240230 093000", "20240229 093000"])) is None
    with pytest.raises(ValueError, match="neither ISO-8601"):
        TimeReader(NEW_YORK).one("20240230 093000")


def test_milliseconds_of_a_day() -> None:
    times = ClockOfDay(NEW_YORK, datetime.date(2024, 11, 14))
    assert times.one("34200000") == MOMENT
    for text in ("86400000", "-1", "9:30", ""):
        with pytest.raises(ValueError, match="not milliseconds after midnight"):
            times.one(text)


@pytest.mark.parametrize("text", ["", "soon", "14.11.2024 14:30", "-1731594600", "1.7e9", "9" * 70, "١٧٣١٥٩٤٦٠٠"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="neither ISO-8601") as refused:
        TimeReader().one(text)
    assert len(str(refused.value)) < 200


def test_every_unit_of_the_years_1990_to_2100_is_told_from_the_others() -> None:
    for second in (631_152_000, 4_102_444_799):
        numbers = np.array([second, second * 10**3, second * 10**6, second * 10**9])
        assert from_epochs(numbers).tolist() == [second * 1000] * 4
        assert [TimeReader().one(str(number)) for number in numbers] == [second * 1000] * 4
