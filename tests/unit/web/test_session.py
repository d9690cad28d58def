"""Opens and last transitions over all symbols, as a scan of everything would find them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.records import MINUTE_MS
from tests.unit.web.made_series import START
from tests.unit.web.scanned_table import KEEP, Table, batches
from web.reader import SessionRows

FIRST_MINUTE = START // MINUTE_MS


def scan(table: Table, run_id: str, minute: int) -> SessionRows:
    rows = list(table.all(run_id))
    symbols = sorted({symbol for symbol, _ in rows})
    opens: list[float | None] = []
    turned = []
    for wanted in symbols:
        ours = sorted((row for symbol, row in rows if symbol == wanted), key=lambda row: row.number)
        since = [row for row in ours if row.timestamp >= minute * MINUTE_MS]
        # Where all bars that are kept are of the session, the first may be one that is not kept.
        is_known = since and (len(since) < len(ours) or since[0].number == 0 or len(ours) < KEEP)
        opens.append(since[0].open if is_known else None)
        turned.append(next((row for row in reversed(ours) if row.previous_action not in (None, row.action)), None))
    return SessionRows(
        symbols,
        opens,
        [row and row.timestamp for row in turned],
        [row and row.action for row in turned],
    )


async def session(table: Table, run_id: str, minute: int) -> SessionRows:
    return await table.search.session(run_id, minute, lambda partition, keys: [*map(table.rows[partition].get, keys)])


@settings(max_examples=100, deadline=None)
@given(st.lists(batches, max_size=15), st.integers(-1, 45))
async def test_it_equals_a_scan_of_everything(
    written: list[tuple[str, str, int, dict[int, float]]], minute: int
) -> None:
    table = Table()
    for run_id, symbol, first, closes in written:
        table.add(run_id, symbol, {first + at: close for at, close in closes.items()})
    for run_id in ("a", "b", "unknown"):
        assert await session(table, run_id, FIRST_MINUTE + minute) == scan(table, run_id, FIRST_MINUTE + minute)


async def test_a_session_whose_first_bar_is_no_longer_kept_has_no_open() -> None:
    table = Table()
    table.add("run", "X", {at: 10.0 + at for at in range(KEEP)})
    assert (await session(table, "run", FIRST_MINUTE)).opens == [10.0]
    table.add("run", "X", {KEEP: 20.0})
    assert (await session(table, "run", FIRST_MINUTE)).opens == [None]
    assert (await session(table, "run", FIRST_MINUTE + 2)).opens == [12.0]


async def test_partitions_that_were_given_away_are_left_out() -> None:
    table = Table()
    table.add("run", "S0", {0: 10.0})
    table.add("run", "S1", {0: 11.0})
    table.give_away(ord("0") % 3)
    assert (await session(table, "run", FIRST_MINUTE)).symbols == ["S1"]
