"""What README and ARCHITECTURE name exists: targets, commands, settings, files, addresses, metrics, headings."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import COMMANDS, main
from app.metrics import registry
from app.settings import setting_fields
from tests.unit.web.fake import FakeReader
from web.main import create_app
from web.routes import page

ROOT = Path(__file__).parents[2]
FOLDERS = ("agents", "app", "schemas", "tables", "tests", "web")
DOCUMENTS = ("README.md", "ARCHITECTURE.md")

FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w.-]+(/[\w.-]+)+/?|[\w-]*\.(py|md|toml|yml|lock|example)")

# Not ours, no setting any more, or names in the code.
OTHERS = {"NO_COLOR", "XDG_CACHE_HOME", "BACKWARD_TRANSITIVE", "SIGNAL_HISTORY", "MOST_RECORDS", "RESET_KEY"}


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return (ROOT / name).read_text(encoding="utf-8")


def spans(document: str) -> list[str]:
    return SPAN.findall(FENCED.sub("", document))


def code(document: str) -> str:
    return "\n".join([*FENCED.findall(document), *spans(document)])


def unknown(found: Iterator[str] | list[str], known: set[str]) -> list[str]:
    names = sorted(set(found))
    assert names, "the document names none: the pattern does not fit any more"
    return [name for name in names if name not in known]


def test_targets(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = [name for words in re.findall(r"\bmake((?: [a-z-]+)+)", code(document)) for name in words.split()]
    assert unknown(named, targets) == []


def test_commands(document: str) -> None:
    known = set(COMMANDS)
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        if isinstance(command, click.Group):
            known |= {f"{name} {sub}" for sub in command.commands}
    groups = {name.split()[0] for name in known if " " in name}
    named = re.findall(r"\bstocks ([a-z][a-z-]*)(?: ([a-z]+))?", code(document))
    assert unknown([f"{name} {sub}" if name in groups and sub else name for name, sub in named], known) == []


def test_settings(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = {name.upper() for name in setting_fields()} | set(re.findall(r"\$\(([A-Z]+)\)", makefile)) | OTHERS
    named = re.findall(r"\b([A-Z][A-Z_]+)=", code(document))
    named += [span for span in spans(document) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", span)]
    assert unknown(named, known) == []


def test_files(document: str) -> None:
    modules = {path.name for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    named = [span for span in spans(document) if FILE.fullmatch(span)]
    missing = unknown(named, modules)
    # The local stack's folder is there once it has run.
    assert [name for name in missing if not (ROOT / name).exists() and not name.startswith(".stack/")] == []


def test_links(document: str) -> None:
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", document), re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", document) if not target.startswith("https://")]
    missing = unknown(targets, anchors)
    assert [target for target in missing if not (ROOT / target).exists()] == []


def test_addresses(document: str) -> None:
    paths = [*create_app(FakeReader()).openapi()["paths"], *page.LINKS]
    known = {"/" + path.split("/")[1] for path in paths} | {"/docs"}
    named = [match.group(1) for span in spans(document) if (match := re.fullmatch(r"(?:GET )?(/\w+)\S*", span))]
    named += re.findall(r"127\.0\.0\.1:800\d(/\w+)", document)
    assert unknown(named, known) == []


def test_metrics(document: str) -> None:
    known = {sample.name for metric in registry.collect() for sample in metric.samples}
    known |= {metric.name for metric in registry.collect()}
    known |= {f"{metric.name}_total" for metric in registry.collect() if metric.type == "counter"}
    assert unknown(re.findall(r"\bstocks_\w+", code(document)), known) == []
