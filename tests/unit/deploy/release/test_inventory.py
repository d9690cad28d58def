"""The bill of materials has what is installed, with licences, and the file of licences has their texts."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[4]

#: As `uv export --format cyclonedx1.5` writes it.
EXPORTED = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {"component": {"type": "library", "bom-ref": "ours", "name": "stock-signals"}},
    "components": [
        {"type": "library", "bom-ref": "f", "name": "faust-streaming", "version": version("faust-streaming")},
        {"type": "library", "bom-ref": "w", "name": "only-on-windows", "version": "1"},
    ],
    "dependencies": [{"ref": "ours", "dependsOn": ["f", "w"]}, {"ref": "f"}, {"ref": "w", "dependsOn": []}],
}


def test_both_files(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "deploy.release.inventory", tmp_path / "made", "1.2.3"],
        cwd=ROOT,
        input=json.dumps(EXPORTED),
        text=True,
        check=True,
    )
    found = json.loads((tmp_path / "made" / "sbom.cdx.json").read_text("utf-8"))
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.5")
    assert found["metadata"]["component"]["version"] == "1.2.3"
    [faust] = found["components"]
    assert (faust["name"], faust["licenses"]) == ("faust-streaming", [{"license": {"name": "BSD-3-Clause"}}])
    assert found["dependencies"] == [{"ref": "ours", "dependsOn": ["f"]}, {"ref": "f", "dependsOn": []}]
    text = (tmp_path / "made" / "licences.txt").read_text("utf-8")
    assert f"\nfaust-streaming {version('faust-streaming')}: BSD-3-Clause\n" in text
    assert "Redistribution and use in source and binary forms" in text
    assert "pytest" not in text.partition("=====")[0]
