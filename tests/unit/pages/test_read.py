"""The script of docs/read.md prints the turns to BUY or SELL."""

import subprocess
import sys

from app.cli.json_lines import json_line
from app.domain.strategy import Strategy
from tests.bars import series
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS
from tests.unit.pages.reading import block


def test_the_script_prints_the_turns() -> None:
    signals = Pipeline(Strategy()).feed(series(WALKS["dollars"]))
    turned = [each for each in signals if each["transition"] and each["action"] != "HOLD"]
    done = subprocess.run(
        [sys.executable, "-c", block("docs/read.md", "turns.py")],
        input="".join(f"{json_line(signal)}\n" for signal in signals),
        capture_output=True,
        text=True,
        check=True,
    )
    assert turned
    assert [line.split()[1:3] for line in done.stdout.splitlines()] == [
        [each["symbol"], each["action"]] for each in turned
    ]
