"""The manifests of a version name its image."""

from pathlib import Path

import pytest
import yaml

from deploy.release.manifest import tagged

KUSTOMIZATION = Path(__file__).parents[4] / "deploy" / "kubernetes" / "kustomization.yaml"


def test_the_image_has_the_versions_tag() -> None:
    before = KUSTOMIZATION.read_text()
    [image] = yaml.safe_load(tagged(before, "7.8.9rc1"))["images"]
    assert image == {"name": "stock-signals", "newName": "stock-signals", "newTag": "7.8.9rc1"}
    assert len(tagged(before, "7.8.9rc1").splitlines()) == len(before.splitlines())


@pytest.mark.parametrize(("text", "count"), [("images: []\n", 0), ("  newTag: 1\n  newTag: 2\n", 2)])
def test_another_file_is_refused(text: str, count: int) -> None:
    with pytest.raises(ValueError, match=f"has {count} lines"):
        tagged(text, "1.0.0")
