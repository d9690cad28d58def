"""deploy/kubernetes/kustomization.yaml: the manifests of a version name its image."""

import re

_TAG = re.compile(r"^( +newTag: ).*$", re.MULTILINE)


def tagged(kustomization: str, version: str) -> str:
    """The file with this version as the image's tag. Raises ValueError where it has not exactly one."""
    text, count = _TAG.subn(rf"\g<1>{version}", kustomization)
    if count != 1:
        raise ValueError(f"kustomization.yaml has {count} lines `newTag: …`, where the image has one")
    return text
