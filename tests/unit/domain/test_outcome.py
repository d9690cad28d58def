from app.domain.outcome import Outcome


def test_outcomes_are_told_by_name_in_the_order_of_deciding() -> None:
    assert [str(outcome) for outcome in Outcome] == [
        "redelivered",
        "appended",
        "duplicate",
        "corrected",
        "inserted",
        "stale",
    ]
