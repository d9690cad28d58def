"""Python, Java and the dependencies."""

import platform

from packaging.requirements import Requirement

from app.doctor.versions import check_versions, missing


def test_this_environment_is_the_one_that_the_project_was_made_with() -> None:
    findings = {finding.check: finding for finding in check_versions()}
    assert {finding.level for finding in findings.values()} == {"ok"}
    assert findings["python"].message == platform.python_version()
    assert "faust-streaming " in findings["dependencies"].message
    assert findings["java"].message.startswith(("openjdk", "java", "none; only the local stack needs it"))


def test_what_is_missing_or_of_another_version_is_named() -> None:
    assert missing(Requirement("pytest>=1")) is None
    assert missing(Requirement("pytest<1")).startswith("pytest<1 wanted, found ")  # type: ignore[union-attr]
    assert missing(Requirement("no-such-package>=1")) == "no-such-package is not installed"
    assert missing(Requirement("no-such-package>=1; python_version < '3'")) is None
