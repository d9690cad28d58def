"""The changelog's section of a version is what was unreleased."""

from datetime import date

import pytest

from deploy.release.changelog import NothingToRelease, released, unreleased

CHANGELOG = """# Changelog

## [Unreleased]

### Fast

- It is faster.

## [0.1.0] - 2026-11-22

- It is there.
"""
DAY = date(2026, 12, 1)


def test_what_was_unreleased_is_of_the_version() -> None:
    assert unreleased(CHANGELOG) == "### Fast\n\n- It is faster."
    text = released(CHANGELOG, "0.2.0", DAY)
    assert text == CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n")
    with pytest.raises(NothingToRelease, match="says nothing below"):
        released(text, "0.3.0", DAY)


@pytest.mark.parametrize(
    ("changelog", "message"),
    [
        ("# Changelog\n", "has no section"),
        ("# Changelog\n\n## [0.1.0] - 2026-11-22\n\n- It is there.\n", "has no section"),
        ("# Changelog\n\n## [Unreleased]\n", "says nothing below"),
        ("# Changelog\n\n## [Unreleased]\n\n### Fast\n\n## [0.1.0] - 2026-11-22\n\n- There.\n", "says nothing below"),
    ],
)
def test_nothing_to_release(changelog: str, message: str) -> None:
    with pytest.raises(NothingToRelease, match=message):
        unreleased(changelog)
