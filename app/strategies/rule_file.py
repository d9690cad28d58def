"""Read the rule that STRATEGY names from its Python file."""

import hashlib
import keyword
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from app.domain import rules
from app.domain.indicators import Indicator
from app.domain.row import MOST_OWN_REASONS, REASONS, ROW
from app.domain.rule import Rule

#: The default rule, whose thresholds are settings.
USUAL = "dips_and_rallies"

_OURS = Path(rules.__file__).parent
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Hexadecimal digits of the source's SHA-256 that a strategy's name has.
_DIGITS = 8


class BadRule(ValueError):
    """STRATEGY names no file that holds a rule; the message is a sentence that begins with it."""


def rule_names() -> list[str]:
    """The rules of this project."""
    return sorted(file.stem for file in _OURS.glob("*.py") if not file.stem.startswith("_"))


def load_rule(source: str) -> Rule | None:
    """The rule of a name or of a path to a Python file, which is run; None for the usual one. Raises BadRule."""
    if source == USUAL:
        return None
    is_ours = source in rule_names()
    try:
        path = _OURS / f"{source}.py" if is_ours else Path(source).expanduser()
        if not path.is_file():
            raise BadRule(f"STRATEGY={source} is neither a file nor one of {', '.join(rule_names())}")
        code = path.read_bytes()
    except (OSError, RuntimeError) as error:
        raise BadRule(f"STRATEGY={source} cannot be read: {error}") from error
    # A version stands for ours: their words may change without the rule.
    return _read(source, path.resolve(), code, "/1" if is_ours else f"@{hashlib.sha256(code).hexdigest()[:_DIGITS]}")


@lru_cache(maxsize=8)
def _read(source: str, path: Path, code: bytes, version: str) -> Rule:
    try:
        module = _run(path, code)
        name = _text(module, "NAME", path.stem)
        parameters = "".join(f"-{key}{value}" for key, value in _mapping(module, "PARAMETERS").items())
        if not _NAME.fullmatch(name + parameters):
            raise BadRule(f"its name {name + parameters} may have letters, digits, and . _ -, at most 64")
        decide = getattr(module, "decide", None)
        if not callable(decide):
            raise BadRule("it has no function decide(bars)")
        return Rule(f"{name}{parameters}{version}", decide, _indicators(module), _reasons(module))
    except BadRule as error:
        raise BadRule(f"STRATEGY={source}: {error}") from None


def _run(path: Path, code: bytes) -> ModuleType:
    """Run just this code, so that it is what the name's hash says."""
    module = ModuleType(f"stocks_rule_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # Dataclasses look their module up.
    try:
        exec(compile(code, str(path), "exec"), module.__dict__)  # noqa: S102  # It is what STRATEGY is for.
    except (Exception, SystemExit) as error:
        line = error.lineno if isinstance(error, SyntaxError) else _line(error, path)
        where = f"line {line}: " if line else ""
        raise BadRule(f"{where}{type(error).__name__}: {error}") from error
    return module


def _line(error: BaseException, path: Path) -> int | None:
    traceback, line = error.__traceback__, None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _text(module: ModuleType, attribute: str, default: str) -> str:
    value = getattr(module, attribute, default)
    if not isinstance(value, str):
        raise BadRule(f"its {attribute} must be a text, not {value!r}")
    return value


def _mapping(module: ModuleType, attribute: str) -> Mapping[str, Any]:
    value = getattr(module, attribute, {})
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise BadRule(f"its {attribute} must map names to values, it is {value!r}")
    return value


def _indicators(module: ModuleType) -> dict[str, Indicator]:
    found = dict(_mapping(module, "INDICATORS"))
    columns: list[str] = []
    for name, indicator in found.items():
        if not isinstance(indicator, Indicator):
            raise BadRule(f"its INDICATORS must be of app.domain.indicators, {name} is {indicator!r}")
        _check_indicator(name, indicator)
        columns += [f"{name}_{value}" if value else name for value in indicator.values]
    for column in columns:
        if not column.isidentifier() or keyword.iskeyword(column) or column.startswith("_"):
            raise BadRule(f"its indicator {column} must have a name that Python takes: letters, digits, underscores")
        if column in {*(ROW.names or ()), "flat"} or columns.count(column) > 1:
            raise BadRule(f"its indicator {column} needs another name, there is already a column of this one")
    return found


def _check_indicator(name: str, indicator: Indicator) -> None:
    try:
        lookback, warm_up = indicator.lookback, indicator.warm_up
        names = [*indicator.states, *indicator.values]
        are_tuples = isinstance(indicator.states, tuple) and isinstance(indicator.values, tuple)
    except Exception as error:
        raise BadRule(f"its indicator {name} raised {type(error).__name__}: {error}") from error
    if not (isinstance(lookback, int) and isinstance(warm_up, int) and 1 <= lookback <= warm_up):
        raise BadRule(
            f"its indicator {name} must have whole numbers of bars, lookback ({lookback!r}) from 1 to "
            f"warm_up ({warm_up!r})"
        )
    if not are_tuples or not all(isinstance(each, str) for each in names) or len(set(indicator.values)) < 1:
        raise BadRule(f'its indicator {name} must have tuples of names as states and values, as states = ("average",)')


def _reasons(module: ModuleType) -> tuple[str, ...]:
    reasons = getattr(module, "REASONS", None)
    if not isinstance(reasons, tuple | list) or not all(isinstance(each, str) and each for each in reasons):
        raise BadRule('it must name its clauses, as REASONS = ("crossed_above", "crossed_below")')
    if len(reasons) > MOST_OWN_REASONS or len(set(reasons)) < len(reasons):
        raise BadRule(f"its REASONS must be different, and at most {MOST_OWN_REASONS}")
    if taken := sorted({*reasons} & {*REASONS}):
        raise BadRule(f"its reason {taken[0]} needs another name, it is one of this project's own")
    return tuple(reasons)
