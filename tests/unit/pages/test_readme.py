"""README is short, and says no more of speed than docs/performance.md, which is made of measurements."""

import re

from tests.unit.pages.reading import PAGES, read

README = read("README.md")


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_it_begins_with_the_clone_and_the_two_commands() -> None:
    [commands] = re.findall(r"^```\n(git clone .*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert [line.split("#")[0].split()[:2] for line in commands.splitlines()] == [
        ["git", "clone"],
        ["make", "demo"],
        ["make", "test"],
    ]


def test_it_leads_to_every_page() -> None:
    assert [page for page in PAGES if page != "README.md" and f"({page}" not in README and page not in OPERATORS] == []


#: Single tasks of an operator, to which docs/operate.md leads.
OPERATORS = [page for page in PAGES if f"({page.removeprefix('docs/')}" in read("docs/operate.md")]


def test_its_figures_are_those_of_the_page_on_performance() -> None:
    performance = read("docs/performance.md")
    rows = re.findall(r"^\| (.+?) \| (?:exactly|at least) once \|.*$", README, re.MULTILINE)
    assert len(rows) >= 5
    for row in re.findall(r"^\| .+? \| (?:exactly|at least) once \|.*$", README, re.MULTILINE):
        assert row in performance
    [burst, streams, flink, lone] = re.findall(r"(?:after|cache:|once:) ([\d.]+) m?s", README)
    # Behind the median of several runs stands their spread.
    end = r"(?: \([^|]*\))? \|"
    assert re.search(rf"^\| \*\*this project\*\* .*\| {burst}{end}.*\| {lone}{end}", performance, re.MULTILINE)
    assert re.search(rf"^\| Kafka Streams .* cache .*\| {streams}{end}", performance, re.MULTILINE)
    assert re.search(rf"^\| Flink .* exactly once .*\| {flink}{end}", performance, re.MULTILINE)
