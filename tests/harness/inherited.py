"""What a process inherits from the shell and tests must not: our settings, and what commands take from there."""

from collections.abc import MutableMapping

from app.settings import setting_fields
from app.settings.faults import GONE

#: By which environment variables options of commands can be given; tests/unit/harness/test_inherited.py
#: has them all.
OPTIONS = frozenset(
    {
        *("check", "date", "extended", "file", "processes", "profile", "run_id", "seed", "sessions"),
        *("source", "speed", "symbols", "to"),
    }
)


#: What `make test ARGS=-q` hands on to every make that a test starts, and what the Makefile takes from the shell.
MAKE = frozenset({"makeflags", "mflags", "makelevel", "makeoverrides", "args", "map", "run", "yes"})


def forget_settings(environment: MutableMapping[str, str]) -> None:
    """Remove them, in whatever case they are written."""
    ours = {*setting_fields(), *GONE, *OPTIONS, *MAKE}
    for name in [name for name in environment if name.lower() in ours]:
        del environment[name]
