"""Explains bad settings in sentences: the setting as the user wrote it, and what it may be."""

import os
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from dotenv.parser import parse_stream
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

#: Settings of earlier releases, and what to do instead.
GONE = {
    "signal_history": "SIGNAL_HISTORY is no longer a setting: KEEP_BARS says how many bars, each with its signal, "
    "are kept of a series",
}

#: UTF-8, with or without a mark at the beginning.
ENV_ENCODING = "utf-8-sig"

_KINDS = {int: "a whole number", float: "a number", bool: "true or false"}


def faults(error: ValidationError, fields: Mapping[str, FieldInfo]) -> list[str]:
    """One sentence a fault; never shows the value of a setting that might be secret."""
    return [sentence for details in error.errors() for sentence in _sentences(details, fields)]


def gone_names(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that was a setting once; the environment may hold any others."""
    return [GONE[name.lower()] for name in environment if name.lower() in GONE]


def _sentences(details: ErrorDetails, fields: Mapping[str, FieldInfo]) -> list[str]:
    if not details["loc"]:
        return details["msg"].removeprefix("Value error, ").splitlines()
    name = str(details["loc"][0])
    if name.lower() in GONE:
        return [GONE[name.lower()]]
    if name not in fields:
        near = get_close_matches(name.lower(), fields, n=3)
        advice = f"did you mean {' or '.join(match.upper() for match in near)}?" if near else "see .env.example"
        return [f"{name.upper()} in .env is not a setting: {advice}"]
    # An address may have credentials in it.
    value = "" if _is_secret(fields[name]) or "@" in str(details["input"]) else f"={details['input']}"
    message = details["msg"].removeprefix("Value error, ")
    return [f"{name.upper()}{value}: {_allowed(fields[name]) or message}"]


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in _types(field.annotation)


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _types(part)


def _allowed(field: FieldInfo) -> str | None:
    if get_origin(field.annotation) is Literal:
        return f"must be one of {', '.join(get_args(field.annotation))}"
    if _rule(field, "pattern"):
        return "may hold letters, digits, and . _ -"
    kinds = [_KINDS[kind] for kind in (field.annotation, *get_args(field.annotation)) if kind in _KINDS]
    if not kinds:
        return None
    least, most = _rule(field, "ge"), _rule(field, "le")
    if least is not None and most is not None:
        return f"must be {kinds[0]} from {least} to {most}"
    return f"must be {kinds[0]}" + (f", at least {least}" if least is not None else "")


def _rule(field: FieldInfo, name: str) -> Any:
    return next((getattr(rule, name) for rule in field.metadata if hasattr(rule, name)), None)


def passed_over(env_file: Path) -> str | None:
    """A sentence where there is something of that name that is no file; None otherwise."""
    if not os.path.lexists(env_file) or env_file.is_file() or env_file.is_fifo():
        return None
    what = "a folder" if env_file.is_dir() else "no file" if env_file.exists() else "a link that leads nowhere"
    return f"{env_file} is {what} and is passed over: settings come from the environment alone."


def secret_faults(folder: Path, fields: Mapping[str, FieldInfo]) -> list[str]:
    """A sentence for each file of a secret that this user may not read, or that is no text."""
    found = []
    for path in (folder / name for name in fields):
        try:
            if path.is_file():
                path.read_text(encoding="utf-8")
        except OSError as error:
            found.append(f"the secret {path} cannot be read ({error.strerror}): give user {os.getuid()} the right to")
        except UnicodeDecodeError:
            found.append(f"the secret {path} is not UTF-8: save the file as UTF-8")
    return found


def file_faults(env_file: Path) -> list[str]:
    """A sentence for each line that is no NAME=value, or for a file that cannot be read.

    What a line says is not repeated, for it may be a secret.
    """
    if not env_file.is_file():
        return []
    try:
        content = env_file.read_bytes()
    except OSError as error:
        return [f"{env_file} cannot be read ({error.strerror}): give this user the right to, or remove it"]
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return [f"{env_file} is written in UTF-16: save it as UTF-8 (in Notepad: Save as, Encoding)"]
    try:
        text = content.decode(ENV_ENCODING)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [f"line {line} of {env_file} is not UTF-8: save the file as UTF-8"]
    if "\0" in text:
        return [f"{env_file} holds zero bytes, as UTF-16 without a mark does: save it as UTF-8"]
    return [
        f"line {binding.original.line} of {env_file} is not of the form NAME=value"
        for binding in parse_stream(StringIO(text))
        if binding.error or (binding.key is not None and binding.value is None)
    ]
