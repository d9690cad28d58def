"""The file .env: what it may look like, and what is said of one that cannot be read."""

import re
from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings, setting_fields
from tests.unit.settings.loading import faults

ROOT = Path(__file__).parents[3]


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("PARTITIONS=3\napi_port=81\nAPP_ID=\n")
    monkeypatch.setenv("PARTITIONS", "4")
    found = load_settings()
    assert (found.partitions, found.api_port, found.app_id) == (4, 81, "stock-signals")


def test_an_unknown_name_in_the_file_is_an_error_with_the_near_ones(folder: Path) -> None:
    (folder / ".env").write_text("KAFKA_BOOTSTAP=127.0.0.1:9092\nZZZ=1\n")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.faults == [
        "KAFKA_BOOTSTAP in .env is not a setting: did you mean KAFKA_BOOTSTRAP?",
        "ZZZ in .env is not a setting: see .env.example",
    ]


def test_the_example_explains_every_setting_and_no_other_and_is_good_as_it_stands(folder: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in setting_fields())
    uncommented = re.sub(r"^#([A-Z_]+=)", r"\1", example, flags=re.MULTILINE)
    (folder / ".env").write_text(uncommented)
    said = load_settings().model_dump(exclude={"kafka_bootstrap", "schema_registry_url"})
    (folder / ".env").unlink()
    assert said == load_settings().model_dump(exclude={"kafka_bootstrap", "schema_registry_url"})
    for block in re.split(r"\n\n", example):
        assert "\n# " in f"\n{block}", f"unexplained: {block}"


def test_a_line_that_is_no_setting_is_an_error_that_does_not_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("# keys\nAPP_ID=x\nkafka_api_secret hunter2\n")
    with pytest.raises(SettingsError, match=r"line 3 of \.env is not of the form NAME=value") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_a_folder_named_env_is_named_and_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").mkdir()
    assert load_settings().partitions == 8
    assert capsys.readouterr().err == ".env is a folder and is passed over: settings come from the environment alone.\n"


def test_a_link_named_env_that_leads_nowhere_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").symlink_to("gone")
    assert load_settings().api_port == 8001
    assert capsys.readouterr().err == (
        ".env is a link that leads nowhere and is passed over: settings come from the environment alone.\n"
    )


def test_an_env_file_of_windows_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a mark at its beginning, `export`, quotes and its own line ends."""
    text = "PARTITIONS=3\r\nexport APP_ID=\"mine\"\r\n# a comment\r\nTOPIC_PREFIX='test.'\r\n"
    (folder / ".env").write_bytes(text.encode("utf-8-sig"))
    found = load_settings()
    assert (found.partitions, found.app_id, found.topic_prefix) == (3, "mine", "test.")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("PARTITIONS=3\n".encode("utf-16"), ".env is written in UTF-16: save it as UTF-8"),
        (
            "PARTITIONS=3\n".encode("utf-16-be"),
            ".env holds zero bytes, as UTF-16 without a mark does",
        ),
        ("APP_ID=x\nTOPIC_PREFIX=ä\n".encode("latin-1"), "line 2 of .env is not UTF-8: save the file as UTF-8"),
    ],
)
def test_an_env_file_in_another_encoding_is_an_error_that_names_the_right_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, fault: str
) -> None:
    (folder / ".env").write_bytes(content)
    [found] = faults(monkeypatch)
    assert found.startswith(fault)
