"""`stocks doctor`: how findings are shown."""

import json
from collections.abc import AsyncIterator

from click.testing import CliRunner, Result

from app.cli import main
from app.doctor import Finding, examine

GOOD = Finding("ok", "broker", "1 in cluster C1")
OLD = Finding("warning", "topics", "a: found 3, wanted 2\nb: found 4, wanted 2", "set PARTITIONS=3")
BAD = Finding("broken", "worker", "its \x1b[2Jreasons", "look \x1b[2Jthere")


def doctor(*findings: Finding, options: tuple[str, ...] = (), colour: bool = False) -> Result:
    async def made_up() -> AsyncIterator[Finding]:
        for finding in findings:
            yield finding

    return CliRunner().invoke(main, ["doctor", *options], obj={examine: made_up}, color=colour)


def test_each_finding_is_a_line_with_a_mark_and_below_it_how_to_mend_it() -> None:
    result = doctor(GOOD, OLD)
    assert result.stdout.splitlines() == [
        "✓ broker        1 in cluster C1",
        "! topics        a: found 3, wanted 2",
        "                b: found 4, wanted 2",
        "                → set PARTITIONS=3",
    ]
    assert result.exit_code == 0, "what is only worth knowing is no failure"


def test_what_is_broken_is_the_status_and_moves_no_cursor() -> None:
    result = doctor(GOOD, BAD, OLD)
    assert result.exit_code == 1
    assert "✗ worker        its \\x1b[2Jreasons\n                → look \\x1b[2Jthere\n" in result.stdout


def test_the_marks_have_colours() -> None:
    assert doctor(GOOD, OLD, BAD, colour=True).stdout.count("\x1b[3") == 3


def test_json_is_one_object_that_says_all_of_it() -> None:
    for findings, ok in (((GOOD, OLD), True), ((GOOD, BAD), False)):
        result = doctor(*findings, options=("--json",))
        told = json.loads(result.stdout)
        assert told == {"ok": ok, "findings": [finding._asdict() for finding in findings]}
        assert result.exit_code == (0 if ok else 1)
