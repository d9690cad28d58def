import hashlib
from pathlib import Path

from app.stack.hashing import file_sha256, files_sha256, tree_sha256


def test_files_in_the_order_given_and_none_for_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    expected = hashlib.sha256(b"abc").hexdigest()
    assert file_sha256(tmp_path / "a") == expected
    assert files_sha256([tmp_path / "missing", tmp_path / "a"]) == [None, expected]


def test_a_tree_is_its_paths_and_contents(tmp_path: Path) -> None:
    (tmp_path / "one" / "lib").mkdir(parents=True)
    (tmp_path / "one" / "lib" / "x").write_bytes(b"abc")
    (tmp_path / "two" / "lib").mkdir(parents=True)
    (tmp_path / "two" / "lib" / "x").write_bytes(b"abc")
    digest = tree_sha256(tmp_path / "one")
    assert tree_sha256(tmp_path / "two") == digest
    (tmp_path / "two" / "lib" / "x").rename(tmp_path / "two" / "lib" / "y")
    assert tree_sha256(tmp_path / "two") != digest
