"""The pages of this project, and what is code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
#: By their paths from the root.
PAGES = [
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"),
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")),
]

FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def spans(text: str) -> list[str]:
    """What stands between backticks in the running text."""
    return _SPAN.findall(FENCED.sub("", text))


def code(text: str) -> str:
    """Blocks of code, and what stands between backticks."""
    return "\n".join([*FENCED.findall(text), *spans(text)])


def block(page: str, name: str) -> str:
    """The block of code that follows `<!-- name -->`."""
    [found] = re.findall(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)^```$", read(page), re.DOTALL | re.MULTILINE)
    return str(found)


def made_by(page: str) -> set[str]:
    """Names of the files that a page has its reader write."""
    return set(re.findall(r"<!-- (\S+\.\w+) -->", read(page)))
