"""One family under atheris: libFuzzer looks for bytes that take the decoders where none took them before."""

import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Arguments: the family, then libFuzzer's own. Ends with a status other than 0 when a promise is broken."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["app", "tables"]):
        families = import_module("tests.harness.fuzzing.families").FAMILIES
    family = families[sys.argv.pop(1)]

    def check(data: bytes) -> None:
        try:
            family.check(data)
        except Exception:
            sys.stderr.write(f"{family.name}: {data!r}\n")
            raise

    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
