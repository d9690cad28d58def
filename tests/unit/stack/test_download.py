from pathlib import Path

import pytest

from app.stack.artifacts import Artifact
from app.stack.download import download
from app.stack.errors import StackError
from tests.unit.stack.conftest import Heard
from tests.unit.stack.repository import Repository

PATH = "org/example/big/1/big-1.jar"
CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def jar(repository: Repository) -> Artifact:
    return repository.add(PATH, CONTENT)


def fetch_all(jars: list[Artifact], folder: Path, url: str, heard: Heard) -> None:
    download(jars, folder, url, heard, backoff_s=0.001)


def fetch(jar: Artifact, folder: Path, repository: Repository, heard: Heard) -> bytes:
    fetch_all([jar], folder, repository.url, heard)
    assert [file.name for file in folder.iterdir()] == [jar.name]
    return (folder / jar.name).read_bytes()


def test_several_files_are_there_whole_and_counted(repository: Repository, tmp_path: Path, heard: Heard) -> None:
    jars = [repository.add(f"org/example/{n}/{n}.jar", bytes([n]) * 1000 * n) for n in range(1, 20)]
    fetch_all(jars, tmp_path, repository.url, heard)
    assert {file.name: file.stat().st_size for file in tmp_path.iterdir()} == {jar.name: jar.size for jar in jars}
    assert heard.totals == [heard.bytes] == [sum(jar.size for jar in jars)]


def test_half_a_file_is_continued(jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard) -> None:
    (tmp_path / "big-1.jar.part").write_bytes(CONTENT[:1000])
    assert fetch(jar, tmp_path, repository, heard) == CONTENT
    assert repository.requests == [(PATH, "bytes=1000-")]
    assert heard.bytes == len(CONTENT)


def test_half_a_file_is_fetched_again_where_the_server_does_not_continue(
    jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard
) -> None:
    repository.ranges = False
    (tmp_path / "big-1.jar.part").write_bytes(CONTENT[:1000])
    assert fetch(jar, tmp_path, repository, heard) == CONTENT


@pytest.mark.parametrize("left_over", [b"x" * 1000, b"x" * len(CONTENT), CONTENT + b"x"])
def test_a_left_over_part_that_is_wrong_is_thrown_away(
    left_over: bytes, jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard
) -> None:
    (tmp_path / "big-1.jar.part").write_bytes(left_over)
    assert fetch(jar, tmp_path, repository, heard) == CONTENT


def test_a_reply_that_breaks_off_is_continued(
    jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard
) -> None:
    repository.cut_at[PATH] = [500_000, 300_000]
    assert fetch(jar, tmp_path, repository, heard) == CONTENT
    assert len(repository.requests) == 3
    assert heard.bytes == len(CONTENT)


def test_a_network_that_keeps_breaking_off_is_an_error_that_keeps_what_came(
    jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard
) -> None:
    repository.cut_at[PATH] = [300_000, 0, 0, 0]
    with pytest.raises(StackError, match=f"Cannot download {PATH}"):
        fetch_all([jar], tmp_path, repository.url, heard)
    kept = (tmp_path / "big-1.jar.part").read_bytes()
    assert kept
    assert CONTENT.startswith(kept)
    assert fetch(jar, tmp_path, repository, heard) == CONTENT


def test_a_busy_server_is_asked_again(jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard) -> None:
    repository.statuses[PATH] = [503, 429]
    assert fetch(jar, tmp_path, repository, heard) == CONTENT


def test_a_damaged_reply_is_fetched_again(jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard) -> None:
    repository.corrupt[PATH] = 1
    assert fetch(jar, tmp_path, repository, heard) == CONTENT


def test_a_file_damaged_twice_is_an_error_with_both_sums(
    jar: Artifact, repository: Repository, tmp_path: Path, heard: Heard
) -> None:
    repository.corrupt[PATH] = 2
    with pytest.raises(StackError, match=rf"{PATH} came damaged, twice: sha256 expected {jar.sha256}, found [0-9a-f]+"):
        fetch_all([jar], tmp_path, repository.url, heard)
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_an_error_at_once(repository: Repository, tmp_path: Path, heard: Heard) -> None:
    with pytest.raises(StackError, match=r"no/such\.jar: the server answers 404"):
        fetch_all([Artifact("no/such.jar", "00", 5)], tmp_path, repository.url, heard)
    assert len(repository.requests) == 1


def test_no_network_is_an_error_that_names_the_settings(tmp_path: Path, heard: Heard, repository: Repository) -> None:
    with pytest.raises(StackError, match="set HTTPS_PROXY"):
        fetch_all([Artifact("a.jar", "00", 5)], tmp_path, "http://127.0.0.1:1", heard)
