import io

import pytest
from rich.console import Console

from tests.bench.figures import Figure, Measurement
from tests.bench.report import Runs, ratios, show

KIND = Measurement(
    "numbers",
    lambda trial, bars: None,
    (
        Figure("rate", "rate", ".0f", lambda run: run[0], compared=True),
        Figure("size", "size", ".0f", lambda run: run[1], compared=True),
        Figure("bars", "bars", ".0f", lambda run: run[0]),
    ),
)


def test_the_first_variants_medians_by_the_others() -> None:
    runs: Runs = {
        ("wide", "new"): [(10, None), (30, None), (20, None)],
        ("wide", "old"): [(5, 1), (10, 1), (50, 1)],
        ("deep", "new"): [(1, 3)],
        ("deep", "old"): [(2, 2)],
    }
    assert list(ratios(runs, {"wide": KIND, "deep": KIND})) == [
        "wide, new / old: rate 2.00",
        "deep, new / old: rate 0.50; size 1.50",
    ]


def test_one_variant_alone_is_compared_with_nothing() -> None:
    assert list(ratios({("wide", "new"): [(1, 1)]}, {"wide": KIND})) == []


@pytest.mark.parametrize("variants", [1, 2, 11])
def test_however_many_variants_every_figure_is_shown_whole_in_a_terminal(variants: int) -> None:
    runs: Runs = {
        (load, f"variant-{number}"): [(111_111 + number, 222_222 + number), (888_888, 999_999)]
        for load in ("wide", "deep")
        for number in range(variants)
    }
    shown = io.StringIO()
    show(runs, {"wide": KIND, "deep": KIND}, Console(file=shown, width=80))
    text = shown.getvalue()
    assert "…" not in text
    for number in range(variants):
        assert text.count(f"({111_111 + number}") == 4
        assert text.count(f"({222_222 + number}") == 2
