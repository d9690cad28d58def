import os
from pathlib import Path

import pytest

from app.domain.indicators import Bollinger
from app.domain.rule import Rule
from app.strategies.rule_file import BadRule, load_rule, rule_names

GOOD = """
from app.domain.indicators import Bollinger
from app.domain.rule import Clause
PARAMETERS = {"fast": 5, "share": 0.5}
INDICATORS = {"band": Bollinger(5)}
REASONS = ("below",)
def decide(bars):
    return [Clause("below", "BUY", bars.close < bars.band_lower)]
"""


def loaded(path: Path, code: str) -> Rule:
    path.write_text(code)
    rule = load_rule(str(path))
    assert rule is not None
    return rule


def test_a_file_is_read(tmp_path: Path) -> None:
    rule = loaded(tmp_path / "mine.py", GOOD)
    assert rule.name.startswith("mine-fast5-share0.5@")
    assert (rule.indicators, rule.reasons) == ({"band": Bollinger(5)}, ("below",))


def test_another_source_is_another_rule(tmp_path: Path) -> None:
    one, other = loaded(tmp_path / "mine.py", GOOD), loaded(tmp_path / "mine.py", GOOD + "# a word\n")
    assert one.name.split("@")[0] == other.name.split("@")[0]
    assert one.name != other.name


def test_a_name_of_its_own(tmp_path: Path) -> None:
    assert loaded(tmp_path / "mine.py", GOOD + 'NAME = "dip.v2"').name.startswith("dip.v2-fast5")


def test_ours_are_known_by_their_names() -> None:
    assert rule_names() == ["bollinger_bands", "dips_and_rallies", "ema_cross"]
    assert load_rule("dips_and_rallies") is None
    assert [rule.name for name in ("ema_cross", "bollinger_bands") if (rule := load_rule(name))] == [
        "ema_cross-fast12-slow26/1",
        "bollinger_bands-period20-deviations2.0/1",
    ]


def test_neither_a_file_nor_one_of_ours() -> None:
    with pytest.raises(BadRule, match=r"STRATEGY=macd is neither a file nor one of bollinger_bands, dips_and_rallies"):
        load_rule("macd")


def test_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.py").write_text(GOOD)
    assert load_rule("~/mine.py") is not None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("def decide", "def decides"), r"has no function decide\(bars\)"),
        (("REASONS", "WHY"), r"must name its clauses, as REASONS = "),
        (('("below",)', '"below"'), "must name its clauses"),
        (('("below",)', '("below", "below")'), "REASONS must be different, and at most 64"),
        (('("below",)', '("below", "flat")'), "reason flat needs another name"),
        (("Bollinger(5)}", "5}"), "INDICATORS must be of app.domain.indicators, band is 5"),
        (('"band"', '"close"'), None),
        (('"band": Bollinger(5)', '"band": Bollinger(5), "band_upper": Bollinger(5)'), None),
        (('"band": Bollinger(5)', '"my band": Bollinger(5)'), "indicator my band_middle must have a name"),
        (("PARAMETERS = {", "PARAMETERS = ["), "SyntaxError"),
        (('{"fast": 5, "share": 0.5}', '{"fast": "5 bars"}'), "name mine-fast5 bars may have letters, digits"),
        (('PARAMETERS = {"fast": 5, "share": 0.5}', "PARAMETERS = 5"), "PARAMETERS must map names to values, it is 5"),
        (("from app.domain.rule import Clause", "import no_such"), ": line 3: ModuleNotFoundError: No module named"),
        (("REASONS = (", "raise SystemExit(3)\nREASONS = ("), ": line 6: SystemExit: 3"),
        (("Bollinger(5)}", "Bollinger(2.5)}"), "indicator band must have whole numbers of bars, lookback"),
        (("Bollinger(5)}", "Bollinger(0)}"), "indicator band must have whole numbers of bars, lookback"),
        (("Bollinger(5)}", "Bollinger(None)}"), "indicator band must have whole numbers of bars, lookback"),
        (("REASONS = (", "1 / 0\nREASONS = ("), ": line 6: ZeroDivisionError"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: tuple[str, str], says: str | None) -> None:
    path = tmp_path / "mine.py"
    code = GOOD.replace(*change)
    if says is None:
        loaded(path, code)  # Their columns are close_middle and band_upper_middle.
        return
    with pytest.raises(BadRule, match=rf"STRATEGY={path}.*{says}"):
        loaded(path, code)


@pytest.mark.parametrize("name", ["close", "flat", "rsi"])
def test_a_column_that_is_there_already_cannot_be_declared(tmp_path: Path, name: str) -> None:
    code = GOOD.replace("Bollinger", "Ema").replace('"band"', f'"{name}"')
    with pytest.raises(BadRule, match=f"indicator {name} needs another name"):
        loaded(tmp_path / "mine.py", code)


def test_just_the_code_that_was_hashed_is_run(tmp_path: Path) -> None:
    """Not what an older run left compiled: the same size and time prove nothing."""
    path = tmp_path / "mine.py"
    loaded(path, GOOD)
    stamp = path.stat().st_mtime_ns
    path.write_text(GOOD.replace("Bollinger(5)", "Bollinger(7)"))
    os.utime(path, ns=(stamp, stamp))
    rule = load_rule(str(path))
    assert rule is not None
    assert rule.indicators == {"band": Bollinger(7)}
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRule, match=r"STRATEGY=~nobody-here/rule\.py cannot be read"):
        load_rule("~nobody-here/rule.py")
