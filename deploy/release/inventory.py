"""What is in an image or beside a wheel: a bill of materials (SBOM) with licences, and the licences' texts.

`python -m deploy.release.inventory FOLDER [VERSION] < sbom-of-uv.json`, in the environment that it is about:
`uv export --format cyclonedx1.5` makes the input. Writes FOLDER/sbom.cdx.json and FOLDER/licences.txt.
"""

import json
import sys
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from deploy.release.licences import installed, licence, normalized, texts


def sbom(exported: dict[str, Any], packages: list[Distribution], version: str = "") -> dict[str, Any]:
    """uv's CycloneDX document, of the installed packages alone, with their licences and our version."""
    names = {normalized(package.name): package for package in packages}
    kept = [each for each in exported["components"] if normalized(each["name"]) in names]
    for component in kept:
        if said := licence(names[normalized(component["name"])]):
            component["licenses"] = [{"license": {"name": said}}]
    references = {each["bom-ref"] for each in kept} | {exported["metadata"]["component"]["bom-ref"]}
    dependencies = [
        {**each, "dependsOn": [name for name in each.get("dependsOn", []) if name in references]}
        for each in exported.get("dependencies", [])
        if each["ref"] in references
    ]
    ours = exported["metadata"]["component"] | ({"version": version} if version else {})
    metadata = {**exported["metadata"], "component": ours}
    return {**exported, "metadata": metadata, "components": kept, "dependencies": dependencies}


def licences_text(packages: list[Distribution]) -> str:
    """A line for each package, then what its licence files say."""
    lines = [
        "Packages of stock-signals and their licences. The licence of stock-signals itself is MIT. The page's chart,",
        "in web/static/vendor, is Apache-2.0 with a notice of its own. The base image has those of Python and Debian.",
        "",
        *(f"{package.name} {package.version}: {licence(package) or 'unknown'}" for package in packages),
    ]
    for package in packages:
        for name, text in texts(package):
            lines += ["", "=" * 100, f"{package.name} {package.version}: {name}", "=" * 100, text.rstrip()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read uv's document from standard input, write both files."""
    folder, version = Path(sys.argv[1]), "".join(sys.argv[2:3])
    exported = json.load(sys.stdin)
    names = {normalized(each["name"]) for each in exported["components"]}
    packages = [each for each in installed() if normalized(each.name) in names]
    document = sbom(exported, packages, version)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sbom.cdx.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / "licences.txt").write_text(licences_text(packages), encoding="utf-8")


if __name__ == "__main__":
    main()
