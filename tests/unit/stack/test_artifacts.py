import re

from app.stack import lock
from app.stack.artifacts import artifacts


def test_the_lock_file_is_what_the_versions_ask_for() -> None:
    locked = artifacts()
    assert locked.kafka_version == lock.KAFKA
    assert locked.registry_version == lock.REGISTRY
    assert len(locked.kafka_jars) == 46
    names = {jar.name for jar in locked.kafka_jars}
    assert {f"kafka_2.13-{lock.KAFKA}.jar", f"slf4j-simple-{lock.SLF4J_SIMPLE}.jar"} <= names
    assert lock.REGISTRY in locked.registry_archive.name


def test_every_artifact_has_a_relative_path_a_sum_and_a_size() -> None:
    for artifact in (*artifacts().kafka_jars, artifacts().registry_archive):
        assert re.fullmatch(r"[a-zA-Z0-9][\w.-]*(/[\w.-]+){3,}\.(jar|tar\.gz)", artifact.path)
        assert re.fullmatch(r"[0-9a-f]{64}", artifact.sha256)
        assert artifact.size > 1000
