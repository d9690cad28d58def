"""What the pages name exists: targets, commands, settings, files, links, addresses, metrics."""

import re
from collections.abc import Callable
from functools import cache
from itertools import chain
from pathlib import Path

import click
import pytest

from app.cli import COMMANDS, main
from app.metrics import registry
from app.settings import setting_fields
from tests.unit.pages.reading import FENCED, PAGES, ROOT, code, made_by, read, spans
from tests.unit.web.fake import FakeReader
from web.links import LINKS
from web.main import create_app
from web.routes import login, problems
from web.routes import page as routes

FOLDERS = ("agents", "app", "schemas", "tables", "tests", "web")
FILE = re.compile(r"[\w.-]+(/[\w.-]+)+/?|[\w-]*\.(py|md|toml|yml|lock|example)")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# Not ours, or no setting any more.
OTHERS = {"NO_COLOR", "XDG_CACHE_HOME", "BACKWARD_TRANSITIVE", "SIGNAL_HISTORY", "FORWARDED_ALLOW_IPS", "COMPOSE_FILE"}
OTHERS |= {"STOCKS_VERSION"}  # docker-compose.yml asks for it

every_page = pytest.mark.parametrize("page", PAGES)


def targets(page: str) -> list[str]:
    return [name for words in re.findall(r"\bmake((?: [a-z-]+)+)", code(read(page))) for name in words.split()]


@cache
def groups() -> dict[str, set[str]]:
    found = {}
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        if isinstance(command, click.Group):
            found[name] = set(command.commands)
    return found


def commands(page: str) -> list[str]:
    known = groups()
    named = re.findall(r"\bstocks ([a-z][a-z-]*)(?: ([a-z]+))?", code(read(page)))
    return [f"{name} {sub}" if name in known and sub else name for name, sub in named]


def settings(page: str) -> list[str]:
    named = re.findall(r"\b([A-Z][A-Z_]+)=", code(read(page)))
    return named + [span for span in spans(read(page)) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", span)]


def files(page: str) -> list[str]:
    return [span for span in spans(read(page)) if FILE.fullmatch(span) and not span.startswith("text/")]


def links(page: str) -> list[str]:
    found = re.findall(r"\]\(([^)]+)\)", FENCED.sub("", read(page)))
    return [target for target in found if not target.startswith("https://")]


def addresses(page: str) -> list[str]:
    text = read(page)
    named = [found.group(1) for span in spans(text) if (found := re.fullmatch(r"(?:GET )?(/[a-z][\w-]*)\S*", span))]
    return named + re.findall(r"127\.0\.0\.1:800\d(/[a-z][\w-]*)", text)


def metrics(page: str) -> list[str]:
    return re.findall(r"\bstocks_\w+", code(read(page)))


#: Pages that name at least one; where they seem not to, the pattern does not fit any more.
NAME_SOME: list[tuple[Callable[[str], list[str]], tuple[str, ...]]] = [
    (targets, ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/run.md", "docs/operate.md")),
    (commands, ("README.md", "ARCHITECTURE.md", "docs/run.md", "docs/operate.md", "docs/read.md", "docs/sources.md")),
    (settings, ("README.md", "ARCHITECTURE.md", "docs/run.md", "docs/operate.md", "docs/troubleshoot.md")),
    (files, ("README.md", "ARCHITECTURE.md", "docs/operate.md", "docs/strategy.md", "docs/reliability.md")),
    (links, tuple(page for page in PAGES if page != "docs/glossary.md")),
    (addresses, ("README.md", "ARCHITECTURE.md", "docs/operate.md", "docs/read.md")),
    (metrics, ("ARCHITECTURE.md", "docs/operate.md", "docs/reliability.md")),
]


@pytest.mark.parametrize(("find", "pages"), NAME_SOME, ids=[find.__name__ for find, _ in NAME_SOME])
def test_the_patterns_find_something(find: Callable[[str], list[str]], pages: tuple[str, ...]) -> None:
    assert [page for page in pages if not find(page)] == []


@every_page
def test_targets(page: str) -> None:
    known = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert set(targets(page)) - known == set()


def test_every_target_is_on_a_page() -> None:
    known = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert known - set(chain(*map(targets, PAGES))) == set()


@every_page
def test_commands(page: str) -> None:
    known = {*COMMANDS, *(f"{name} {sub}" for name, subs in groups().items() for sub in subs)}
    assert set(commands(page)) - known == set()


def test_every_command_is_on_a_page() -> None:
    named = {name.split()[0] for name in chain(*map(commands, PAGES))}
    assert set(COMMANDS) - named == set()


@every_page
def test_settings(page: str) -> None:
    known = {name.upper() for name in setting_fields()} | set(re.findall(r"\$\(([A-Z]+)\)", MAKEFILE)) | OTHERS
    assert set(settings(page)) - known - constants() == set()


@cache
def constants() -> set[str]:
    """Names of constants in the code."""
    texts = (path.read_text(encoding="utf-8") for folder in FOLDERS[:5] for path in (ROOT / folder).rglob("*.py"))
    return set(chain(*(re.findall(r"^([A-Z][A-Z_]+)\b[^=\n]*= ", text, re.MULTILINE) for text in texts)))


@cache
def modules() -> set[str]:
    """Names of the files of the code."""
    return {path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}


@every_page
def test_files(page: str) -> None:
    missing = [name for name in files(page) if name not in modules() and Path(name).name not in made_by(page)]
    # The local stack's folder is there once it has run.
    assert [name for name in missing if not (ROOT / name).exists() and not name.startswith(".stack/")] == []


@every_page
def test_links(page: str) -> None:
    missing = []
    for target in links(page):
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            missing.append(target)
    assert missing == []


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@cache
def answered() -> set[str]:
    """The first parts of the paths that the API answers."""
    paths = [*create_app(FakeReader()).openapi()["paths"], *LINKS]
    # What is not in the description.
    paths += [
        str(getattr(each, "path", "/"))
        for router in (routes.router, login.router, problems.router)
        for each in router.routes
    ]
    return {"/" + path.split("/")[1] for path in paths}


@every_page
def test_addresses(page: str) -> None:
    # The last ones are Alpaca's and folders of containers.
    known = answered() | {"/docs", "/v2", "/run", "/etc", "/app"}
    assert set(addresses(page)) - known == set()


@every_page
def test_metrics(page: str) -> None:
    known = {sample.name for metric in registry.collect() for sample in metric.samples}
    known |= {metric.name for metric in registry.collect()}
    known |= {f"{metric.name}_total" for metric in registry.collect() if metric.type == "counter"}
    assert set(metrics(page)) - known == set()
