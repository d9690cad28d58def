"""`make clean`: removes the folders of the stack's and the worker's data, wherever the settings say they are."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from app.settings import SettingsError, settings
from app.terminal.endings import INTERRUPTED
from app.terminal.streams import say
from app.terminal.visible import visible, visible_lines


def clean(
    folders: Iterable[tuple[str, Path]],
    checkout: Path,
    *,
    yes: bool,
    ask: Callable[[str], bool] | None,
    tell: Callable[[str], None],
) -> None:
    """Remove each folder, given with the name of its setting. Outside of the checkout, ask first.

    `ask` is None where nobody can answer. A folder with the checkout, a home folder or files of git is always kept.
    """
    for setting, folder in folders:
        if not folder.exists():
            continue
        name = f"{setting}={visible(str(folder))}"
        if why := _precious(folder, checkout):
            tell(f"Kept {name}: {why}.")
        elif folder.is_relative_to(checkout) or yes or (ask and ask(f"Remove {name}, which is outside this folder?")):
            shutil.rmtree(folder)
            tell(f"Removed {name}.")
        elif ask:
            tell(f"Kept {name}.")
        else:
            tell(f"Kept {name}, which is outside this folder: `make clean YES=1` removes it too.")


def _precious(folder: Path, checkout: Path) -> str | None:
    if not folder.is_dir():
        return "it is no folder"
    if checkout.is_relative_to(folder):
        return "this folder is in it"
    if Path.home().is_relative_to(folder):
        return "a home folder is in it"
    with suppress(OSError):
        found = subprocess.run(
            ["git", "-C", str(folder), "ls-files"], capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
        if found.stdout:
            return "git keeps files in it"
    return None


def _ask(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:  # Ctrl-D.
        return False


def main() -> None:
    """Clean this checkout, the working directory; YES in the environment answers all questions."""
    checkout, ours = Path.cwd(), settings()
    clean(
        [
            (name, (checkout / folder).resolve())
            for name, folder in (("STACK_DIR", ours.stack_dir), ("DATA_DIR", ours.data_dir))
        ],
        checkout,
        yes=bool(os.environ.get("YES")),
        ask=_ask if sys.stdin.isatty() else None,
        tell=say,
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(INTERRUPTED)
    except SettingsError as error:
        say(visible_lines(f"Error: {error}\nUntil then nobody knows which folders are meant: nothing was removed."))
        sys.exit(1)
    except OSError as error:
        say(visible(f"Error: {error.filename} cannot be removed: {error.strerror}."))
        sys.exit(1)
