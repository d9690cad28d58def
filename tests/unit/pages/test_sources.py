"""Each example of docs/sources.md is read as its command says."""

import io
import re
import shlex
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import click
import pyarrow.csv
import pyarrow.parquet
import pytest

from app.cli.check_text import lines
from app.cli.open_source import choose
from app.cli.replay import command
from app.domain.strategy import Strategy
from app.sources.base import Fault
from app.sources.factory import SourceOptions
from app.sources.files.bar_files import BarFiles
from app.sources.files.check import check_files
from app.sources.files.detect import FORMS

PAGE = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")


class Example(NamedTuple):
    command: str
    file: str
    content: str


EXAMPLES = [
    Example(*found)
    for found in re.findall(
        r"^```\n(stocks replay [^\n]*)\n```\n```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )
]


def written(folder: Path, example: Example) -> None:
    path = folder / example.file
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("20241114_aapl_minute_trade.csv", example.content)
    elif path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.csv.read_csv(io.BytesIO(example.content.encode())), path)
    else:
        path.write_text(example.content, encoding="utf-8")


def opened(example: Example, faults: list[Fault]) -> BarFiles:
    arguments = shlex.split(example.command)[2:]
    options = command.make_context("replay", arguments).params
    known = {field.name for field in fields(SourceOptions)}
    return choose({name: value for name, value in options.items() if name in known}).open_files(
        faults.append, lambda _: None
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.file for example in EXAMPLES])
def test_the_example(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    faults: list[Fault] = []
    files = opened(example, faults)
    checked = check_files(files, Strategy())
    assert checked.all_good
    assert not checked.warnings
    bars = list(files.bars())
    assert {bar["timestamp"] for bar in bars} <= {1_731_594_600_000, 1_731_594_660_000}
    assert {bar["close"] for bar in bars if bar["symbol"].startswith("AAPL")} <= {225.31, 224.95}
    assert not faults


def test_there_is_an_example_of_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = set()
    for example in EXAMPLES:
        written(tmp_path, example)
        found.add(opened(example, []).files[0].form.name)
    assert found == {form.name for form in FORMS}


def test_the_report_is_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, EXAMPLES[0])
    report = "\n".join(lines(check_files(opened(EXAMPLES[0], []), Strategy())))
    assert f"$ stocks replay bars.csv --check\n{report}\n```" in PAGE


def test_every_option_is_one_of_the_command() -> None:
    known = {name for parameter in command.params for name in parameter.opts if isinstance(parameter, click.Option)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE))
    assert named <= known
    assert {"--tz", "--map", "--symbol", "--sort", "--check"} <= named
