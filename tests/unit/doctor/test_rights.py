"""What these credentials may not do is a finding, and the other checks go on."""

from collections.abc import Iterator

from app.doctor.finding import Finding
from app.doctor.rights import as_allowed
from app.engine.rights import NotAllowed, Right

FINE = Finding("ok", "topics", "all there")


def findings(missing: bool) -> Iterator[Finding]:
    yield FINE
    if missing:
        raise NotAllowed([Right("DescribeConfigs", "topic", "signals")])


def test_what_may_be_looked_at_is_found_and_what_may_not_is_named() -> None:
    assert list(as_allowed("topics", findings(False))) == [FINE]
    first, second = as_allowed("topics", findings(True))
    assert first == FINE
    assert (second.level, second.check) == ("warning", "topics")
    assert "cannot be looked at: these credentials lack DescribeConfigs on topic signals" in second.message
    assert "stocks topics acls operator" in second.fix
