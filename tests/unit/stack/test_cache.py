import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app.stack.artifacts import Artifacts
from app.stack.cache import cache_dir, install, unpack
from app.stack.errors import StackError
from app.stack.hashing import tree_sha256
from tests.unit.stack.conftest import Heard
from tests.unit.stack.repository import Repository


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("quarkus-run.jar", "lib/main/one.jar"):
            entry = tarfile.TarInfo(name)
            entry.size = 9
            tar.addfile(entry, io.BytesIO(b"some code"))
    return buffer.getvalue()


@pytest.fixture
def wanted(repository: Repository, tmp_path: Path) -> Artifacts:
    (tmp_path / "registry.tar.gz").write_bytes(archive())
    unpack(tmp_path / "registry.tar.gz", tmp_path / "unpacked")
    return Artifacts(
        kafka_version="1",
        kafka_jars=tuple(repository.add(f"org/{name}.jar", name.encode() * 1000) for name in ("kafka", "slf4j")),
        registry_version="2",
        registry_archive=repository.add("io/registry.tar.gz", archive()),
        registry_tree_sha256=tree_sha256(tmp_path / "unpacked"),
        registry_tree_size=18,
    )


def test_the_first_start_downloads_and_the_second_does_not(
    cache: Path, wanted: Artifacts, repository: Repository, heard: Heard
) -> None:
    first = install(heard, wanted=wanted, base_url=repository.url)
    assert [jar.read_bytes()[:5] for jar in first.kafka_jars] == [b"kafka", b"slf4j"]
    assert (first.registry_home / "lib" / "main" / "one.jar").read_bytes() == b"some code"
    assert sorted(path for path, _ in repository.requests) == ["io/registry.tar.gz", "org/kafka.jar", "org/slf4j.jar"]
    heard.lines.clear()
    assert install(heard, wanted=wanted, base_url=repository.url) == first
    assert len(repository.requests) == 3
    assert heard.lines == []


def test_a_damaged_jar_is_named_and_mended(
    cache: Path, wanted: Artifacts, repository: Repository, heard: Heard
) -> None:
    jar, _ = install(heard, wanted=wanted, base_url=repository.url).kafka_jars
    good = jar.read_bytes()
    jar.write_bytes(b"X" + good[1:])
    repository.requests.clear()
    install(heard, wanted=wanted, base_url=repository.url)
    assert jar.read_bytes() == good
    assert repository.requests == [("org/kafka.jar", None)]
    assert f"{jar} is damaged (sha256 expected {wanted.kafka_jars[0].sha256}, found " in heard.text


@pytest.mark.parametrize("damage", ["change", "remove", "add"])
def test_a_damaged_registry_is_unpacked_again(
    damage: str, cache: Path, wanted: Artifacts, repository: Repository, heard: Heard
) -> None:
    home = install(heard, wanted=wanted, base_url=repository.url).registry_home
    if damage == "change":
        (home / "quarkus-run.jar").write_bytes(b"other")
    elif damage == "remove":
        (home / "quarkus-run.jar").unlink()
    else:
        (home / "more.jar").write_bytes(b"other")
    install(heard, wanted=wanted, base_url=repository.url)
    assert tree_sha256(home) == wanted.registry_tree_sha256
    assert f"{home} is damaged" in heard.text


def test_a_half_unpacked_registry_is_unpacked_again(
    cache: Path, wanted: Artifacts, repository: Repository, heard: Heard
) -> None:
    half = cache / "apicurio-registry-2.part"
    half.mkdir(parents=True)
    (half / "half.jar").write_bytes(b"")
    home = install(heard, wanted=wanted, base_url=repository.url).registry_home
    assert tree_sha256(home) == wanted.registry_tree_sha256


def test_two_at_once_download_once(cache: Path, wanted: Artifacts, repository: Repository, heard: Heard) -> None:
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(install, heard, wanted=wanted, base_url=repository.url) for _ in range(2)]
    assert jobs[0].result() == jobs[1].result()
    assert len(repository.requests) == 3


def test_too_little_disk_space_is_said_before_anything_is_downloaded(
    cache: Path, wanted: Artifacts, repository: Repository, heard: Heard
) -> None:
    larger_than_any_disk = replace(wanted, registry_tree_size=10**18)
    with pytest.raises(StackError, match=r"No disk space left(.|\n)*XDG_CACHE_HOME"):
        install(heard, wanted=larger_than_any_disk, base_url=repository.url)
    assert repository.requests == []


def test_a_disk_that_fills_up_meanwhile_is_said(
    cache: Path, wanted: Artifacts, repository: Repository, heard: Heard
) -> None:
    (cache / "files").mkdir(parents=True)
    # Every write to this device says that there is no space left.
    (cache / "files" / "kafka.jar.part").symlink_to("/dev/full")
    with pytest.raises(StackError, match="No disk space left"):
        install(heard, wanted=wanted, base_url=repository.url)


def test_without_xdg_it_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "stock-signals"
