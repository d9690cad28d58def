"""`make help` lists every target that says what it does, under a heading."""

import re
import subprocess

from tests.unit.pages.reading import ROOT


def test_every_target_is_listed_under_a_heading() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    headings: list[str] = []
    listed: dict[str, str | None] = {}
    for line in done.stdout.splitlines():
        if found := re.match(r"  make (\S+) +(\S.*)$", line):
            listed[found[1]] = headings[-1] if headings else None
        elif line and not line.startswith("More "):
            headings.append(line)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(listed) == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert [target for target, heading in listed.items() if heading is None] == ["help"]
    assert set(headings) == set(listed.values()) - {None}
    assert all(re.search(rf"^\.PHONY: {target}$", makefile, re.MULTILINE) for target in listed)
