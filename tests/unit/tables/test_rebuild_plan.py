from tables.rebuild_plan import Changelog, Part, Plan


def part(partition: int, start: int, start_ms: int | None, unreadable: set[bytes] | None = None) -> Part:
    windows = Changelog("windows-changelog", partition, 9, {b"a", b"b"}, unreadable or set())
    signals = Changelog("signals-changelog", partition, 9, {b"a"})
    return Part(partition, start, start_ms, 1000, 5, windows, signals)


def test_the_plan_says_how_much_is_forgotten_and_computed_anew() -> None:
    plan = Plan("raw", [part(0, 0, 0), part(1, 0, 0)])
    text = "\n".join(plan.lines())
    assert "All 4 windows and 2 signal histories are forgotten" in text
    assert "from raw: 2,000 records, 2 partitions" in text
    assert plan.cut == []


def test_it_names_what_cannot_be_read() -> None:
    keys = {b"a%d" % number for number in range(7)}
    text = "\n".join(Plan("raw", [part(0, 0, 0, keys)]).lines())
    assert "Values that cannot be read now: windows-changelog[0] b'a0', " in text
    assert "b'a4' and 2 more." in text


def test_it_says_from_when_on_bars_are_left() -> None:
    plan = Plan("raw", [part(0, 400, 1_731_594_600_000), part(1, 1000, None), part(2, 0, 0)])
    assert [each.partition for each in plan.cut] == [0, 1]
    *_, first, second = plan.lines()
    assert first.startswith("raw[0]: retention has deleted records 0 to 399; the first left was sent 2024-11-14T14:30")
    assert second.startswith("raw[1]: retention has deleted records 0 to 999; none is left.")
