from tables.rebuild.plan import PartitionPlan, RebuildPlan


def plan(*parts: PartitionPlan) -> RebuildPlan:
    return RebuildPlan("raw", "windows-changelog", parts)


def test_the_plan_says_what_is_forgotten_and_how_much_is_computed_again() -> None:
    found = plan(PartitionPlan(0, 0, 0, 1000), PartitionPlan(1, 0, 0, 1500))
    text = "\n".join(found.lines())
    assert "windows-changelog" in text
    assert "from raw: 2,500 records, 2 partitions" in text
    assert found.cut == []


def test_it_says_from_when_on_bars_are_left() -> None:
    found = plan(
        PartitionPlan(0, 400, 1_731_594_600_000, 1000), PartitionPlan(1, 1000, None, 1000), PartitionPlan(2, 0, 0, 1000)
    )
    assert [each.partition for each in found.cut] == [0, 1]
    *_, first, second = found.lines()
    assert first.startswith("raw[0]: retention has deleted records 0 to 399; the first left was sent 2024-11-14T14:30")
    assert second.startswith("raw[1]: retention has deleted records 0 to 999; none is left.")
