from app.alerts.rate_limit import RateLimit


def test_so_many_in_any_minute() -> None:
    now = [0.0]
    rate = RateLimit(2, lambda: now[0])
    for moment in (0.0, 30.0):
        now[0] = moment
        assert rate.allows()
        rate.count()
    assert not rate.allows()
    now[0] = 59.9
    assert not rate.allows()
    now[0] = 60.0
    assert rate.allows()
    rate.count()
    now[0] = 89.9
    assert not rate.allows()
    now[0] = 90.0
    assert rate.allows()
