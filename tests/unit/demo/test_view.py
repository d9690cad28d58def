import io

from rich.console import Console

from app.demo.view import DemoView
from app.domain.records import Signal
from tests.unit.records import SIGNAL

HOLD: Signal = {**SIGNAL, "action": "HOLD", "reason": "no_rule", "transition": False, "rsi": 50.0}


def shown(*batches: list[Signal]) -> tuple[list[str], DemoView]:
    out = io.StringIO()
    view = DemoView(Console(file=out, width=40))
    for batch in batches:
        view.show(batch)
        view.say_holds()
    return out.getvalue().splitlines(), view


def test_a_turn_to_buy_says_why_and_that_it_is_synthetic() -> None:
    lines, _ = shown([SIGNAL])
    assert lines == [
        "SYNTHETIC  2024-11-14T14:30:00Z  AAPL  BUY  at  189.75: RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97"
    ]


def test_bars_that_say_the_same_again_are_only_counted() -> None:
    lines, view = shown([{**SIGNAL, "transition": False}], [HOLD, HOLD], [], [HOLD])
    assert lines == ["SYNTHETIC  … HOLD for 2 bars", "SYNTHETIC  … HOLD for 1 bars"]
    assert view.total() == "4 signals: 1 BUY, 0 SELL, 3 HOLD"


def test_symbols_of_different_partitions_are_put_in_order_of_time() -> None:
    later: Signal = {**SIGNAL, "timestamp": SIGNAL["timestamp"] + 60_000}
    lines, _ = shown([later, {**SIGNAL, "symbol": "SPY"}, SIGNAL])
    assert [line.split()[1:3] for line in lines] == [
        ["2024-11-14T14:30:00Z", "AAPL"],
        ["2024-11-14T14:30:00Z", "SPY"],
        ["2024-11-14T14:31:00Z", "AAPL"],
    ]
