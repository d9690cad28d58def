import stat
import subprocess
from pathlib import Path

import pytest

from tests.bench.peers.jars import FLINK, FLINK_CONNECTOR, KAFKA_STREAMS, jars
from tests.bench.peers.jdk import OLDEST, find_jdk, major_version
from tests.bench.peers.jvm import compile_command, fingerprint, peers, run_command, sources
from tests.bench.peers.peer import PeerUnavailable


@pytest.mark.parametrize(
    ("text", "version"),
    [("javac 17.0.15\n", 17), ("javac 25-ea\n", 25), ("javac 1.8.0_402\n", 8), ("openjdk 17", None), ("", None)],
)
def test_the_version_that_javac_tells(text: str, version: int | None) -> None:
    assert major_version(text) == version


def fake_jdk(home: Path, says: str) -> Path:
    folder = home / "bin"
    folder.mkdir(parents=True)
    for name in ("java", "javac"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def test_java_home_goes_before_path(tmp_path: Path) -> None:
    home, other = fake_jdk(tmp_path / "a", "javac 21.0.1"), fake_jdk(tmp_path / "b", "javac 17.0.1")
    assert find_jdk({"JAVA_HOME": str(tmp_path / "a"), "PATH": str(other)}).javac == home / "javac"
    assert find_jdk({"PATH": str(other)}).java == other / "java"


def test_what_is_missing_or_too_old_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(PeerUnavailable, match="no javac on PATH") as none:
        find_jdk({"PATH": str(tmp_path)})
    assert f"Install a JDK {OLDEST} or newer" in str(none.value)
    with pytest.raises(PeerUnavailable, match=r"bin/java is missing; it was looked for because of JAVA_HOME"):
        find_jdk({"JAVA_HOME": str(tmp_path / "nowhere")})
    old = fake_jdk(tmp_path, "javac 11.0.2")
    with pytest.raises(PeerUnavailable, match="is of Java 11") as too_old:
        find_jdk({"PATH": str(old)})
    assert "JAVA_HOME" in str(too_old.value)


@pytest.mark.parametrize("system", ["kafka_streams", "flink"])
def test_the_lock_is_whole(system: str) -> None:
    locked = jars(system)
    assert len({jar.name for jar in locked}) == len(locked)
    for jar in locked:
        assert jar.path.endswith(f"/{jar.name}")
        assert not jar.path.startswith("/")
        assert len(jar.sha256) == 64
        assert jar.size > 1000
    # One version of each library: a mixture would be resolved by chance.
    artifacts = [jar.path.rsplit("/", 2)[0] for jar in locked]
    assert len(set(artifacts)) == len(artifacts)


def test_the_lock_has_the_versions_that_titles_name() -> None:
    names = {jar.name for jar in [*jars("kafka_streams"), *jars("flink")]}
    wanted = {f"kafka-streams-{KAFKA_STREAMS}.jar", f"flink-runtime-{FLINK}.jar"}
    assert wanted | {f"flink-connector-kafka-{FLINK_CONNECTOR}.jar"} <= names
    parts = [name for name in names if name.startswith("flink-") and "shaded" not in name and "connector-k" not in name]
    assert all(name.endswith(f"-{FLINK}.jar") for name in parts)


def test_the_fingerprint_changes_with_content_and_names(tmp_path: Path) -> None:
    one, two = tmp_path / "One.java", tmp_path / "Two.java"
    one.write_text("class A {}")
    two.write_text("class A {}")
    before = fingerprint([one])
    assert fingerprint([one]) == before
    assert fingerprint([two]) != before
    one.write_text("class B {}")
    assert fingerprint([one]) != before


def test_a_system_is_compiled_of_its_own_and_the_common_sources() -> None:
    names = {file.name for file in sources("flink")}
    assert {"FlinkPeer.java", "Series.java"} <= names
    assert "KafkaStreamsPeer.java" not in names


def test_the_commands() -> None:
    libraries = [Path("/c/a.jar"), Path("/c/b.jar")]
    compile_ = compile_command(Path("/jdk/javac"), libraries, [Path("/s/A.java")], Path("/t"))
    assert compile_[:3] == ["/jdk/javac", "--release", str(OLDEST)]
    assert compile_[-5:] == ["-d", "/t", "-cp", "/c/a.jar:/c/b.jar", "/s/A.java"]
    run = run_command(Path("/jdk/java"), libraries, "flink", "flink_eos")
    assert run[-4:] == ["-cp", "/c/a.jar:/c/b.jar", "peers.FlinkPeer", "flink_eos"]
    assert "--add-opens=java.base/java.util=ALL-UNNAMED" in run
    streams = run_command(Path("/jdk/java"), libraries, "kafka_streams", "ks")
    assert not any(argument.startswith("--add-opens") for argument in streams)


def test_there_are_five_and_two_are_exact() -> None:
    assert [peer.name for peer in peers()] == ["ks", "ks_cached", "ks_eos", "flink", "flink_eos"]
    assert [peer.name for peer in peers() if peer.delivery == "exactly once"] == ["ks_eos", "flink_eos"]


def test_a_compiler_error_is_shown(tmp_path: Path) -> None:
    """The message of `prepare` is javac's own; that it has one is what this needs a JDK for."""
    try:
        javac = find_jdk().javac
    except PeerUnavailable:
        pytest.skip("needs a JDK")
    broken = tmp_path / "Broken.java"
    broken.write_text("class Broken {")
    done = subprocess.run(compile_command(javac, [], [broken], tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode
    assert "reached end of file" in done.stderr
