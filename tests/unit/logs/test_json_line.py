"""One JSON object an event, whatever is said."""

import io
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dead_letters.record_place import RecordPlace
from app.logs.json_line import MASK, JsonLine, secrets
from app.settings import Settings
from tests.unit.engine.made import batch


def record(message: str, *values: object, **options: Any) -> logging.LogRecord:
    return logging.LogRecord("app.build", logging.WARNING, __file__, 1, message, values, options.pop("error", None))


def event(made: logging.LogRecord, *hidden: str) -> dict[str, Any]:
    line = JsonLine(hidden).format(made)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_event_says_when_who_and_how_bad() -> None:
    made = record("%d bars", 3)
    made.created = 1_731_594_600.25
    found = event(made)
    assert found == {
        "time": "2024-11-14T14:30:00.250Z",
        "level": "WARNING",
        "logger": "app.build",
        "message": "3 bars",
        "process": made.process,
    }


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_it_is_one_line_of_json_whatever_the_message_and_its_values(message: str, value: str) -> None:
    found = event(record(message.replace("%", "%%") + "%s", value))
    wanted = (message.replace("%", "%") + value).encode("utf-8", "backslashreplace").decode()
    assert found["message"] == wanted
    found["message"].encode()  # No half of a pair of surrogates is left.


def test_values_that_do_not_fit_the_message_do_not_hide_it() -> None:
    assert event(record("%d of %d", "three"))["message"] == "%d of %d"


def test_the_place_of_a_record_and_of_a_batch_are_fields() -> None:
    said = io.StringIO()
    logger, handler = logging.Logger("app"), logging.StreamHandler(said)
    handler.setFormatter(JsonLine())
    logger.addHandler(handler)
    logger.warning("refused", extra=RecordPlace("stocks.raw.avro", 1, 392)._asdict())
    logger.warning("failed", extra=batch(10, 14).place)
    of_record, of_batch = map(json.loads, said.getvalue().splitlines())
    assert {name: of_record[name] for name in ("topic", "partition", "offset")} == {
        "topic": "stocks.raw.avro",
        "partition": 1,
        "offset": 392,
    }
    assert "last_offset" not in of_record
    assert (of_batch["partition"], of_batch["offset"], of_batch["last_offset"]) == (0, 10, 13)


def test_an_error_is_a_field_and_not_more_lines() -> None:
    class Untold(ValueError):
        def __str__(self) -> str:
            raise RuntimeError

    for raised, message in (
        (ValueError("\x1b[2J\n"), "\x1b[2J\n"),
        (Untold(), "(its text cannot be made: RuntimeError)"),
    ):
        try:
            raise raised
        except ValueError as error:
            found = event(record("failed", error=(type(error), error, error.__traceback__)))
        assert (found["exception"]["type"], found["exception"]["message"]) == (type(raised).__qualname__, message)
        assert found["exception"]["traceback"].startswith("Traceback (most recent call last):\n")
        assert found["message"] == "failed"


@pytest.mark.parametrize("secret", ["hunter2-hunter2", 'quo"ted\\secret', "schlüssel"])
def test_secrets_are_nowhere(secret: str) -> None:
    settings = Settings(
        schema_registry_api_key="key",
        schema_registry_api_secret=secret,  # type: ignore[arg-type]
        apca_api_key_id="PKABCDEF",  # type: ignore[arg-type]
        apca_api_secret_key="abcdefgh",  # type: ignore[arg-type]  # noqa: S106
    )
    hidden = secrets(settings)
    assert sorted(hidden) == sorted([secret, "PKABCDEF", "abcdefgh"])
    try:
        raise ValueError(f"https://key:{secret}@registry")
    except ValueError as error:
        found = event(record("asked %s", f"{secret} with PKABCDEF", error=(ValueError, error, None)), *hidden)
    assert found["message"] == f"asked {MASK} with {MASK}"
    assert secret not in json.dumps(found, ensure_ascii=False)
    assert found["exception"]["message"] == f"https://key:{MASK}@registry"


def test_a_secret_of_three_letters_is_no_reason_to_blacken_words() -> None:
    assert event(record("the bars"), "the", "")["message"] == "the bars"
