"""How an installation is set up, and what it says when that is wrong."""

import stat
from pathlib import Path

import pytest

from adapters.settings import Settings, SettingsError, effective, load_settings, secret_key


def test_an_installation_needs_no_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUBAN_DATA_DIR")
    monkeypatch.chdir(tmp_path)

    settings = load_settings()

    assert settings.database_url is None
    assert settings.data_dir == tmp_path / ".duban"
    assert (settings.host, settings.port, settings.jurisdiction) == ("127.0.0.1", 8000, "cn-999900")


def test_a_variable_sets_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_PORT", "9000")
    monkeypatch.setenv("DUBAN_PROJECTOR", "no")
    settings = load_settings()
    assert (settings.port, settings.projector) == (9000, False)


def test_an_empty_variable_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_PORT", "")
    assert load_settings().port == 8000


def test_a_misspelt_variable_is_named_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_DATABSE_URL", "postgresql://localhost/duban")
    with pytest.raises(SettingsError, match="DUBAN_DATABSE_URL is not a setting; did you mean DUBAN_DATABASE_URL"):
        load_settings()


def test_a_variable_in_small_letters_is_not_half_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("duban_port", "9000")
    with pytest.raises(SettingsError, match="did you mean DUBAN_PORT"):
        load_settings()


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_PORT", "many")
    monkeypatch.setenv("DUBAN_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert [line.split(":")[0] for line in str(told.value).splitlines()] == ["DUBAN_PORT", "DUBAN_LOG_FORMAT"]


@pytest.mark.parametrize("name", ["DUBAN_SECRET_KEY", "DUBAN_DATABASE_URL"])
def test_a_wrong_secret_is_not_repeated_in_the_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hush")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert name in str(told.value)
    assert "hush" not in str(told.value)


def test_a_secret_may_be_kept_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "url"
    place.write_text("postgresql://duban@db.example/duban\n", encoding="utf-8")
    monkeypatch.setenv("DUBAN_DATABASE_URL_FILE", str(place))

    settings = load_settings()

    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://duban@db.example/duban"
    assert {e.name: e.source for e in effective(settings)}["DUBAN_DATABASE_URL"] == "file"


def test_a_password_of_its_own_completes_both_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "password"
    place.write_text("s3/cret@\n", encoding="utf-8")
    monkeypatch.setenv("DUBAN_DATABASE_PASSWORD_FILE", str(place))
    monkeypatch.setenv("DUBAN_DATABASE_URL", "postgresql://duban@db.example/duban")
    monkeypatch.setenv("DUBAN_MIGRATION_URL", "postgresql://owner:other@db.example/duban")

    settings = load_settings()

    assert settings.database_url is not None
    assert "password=s3/cret@" in settings.database_url.get_secret_value()
    assert settings.migration_url is not None
    assert settings.migration_url.get_secret_value() == "postgresql://owner:other@db.example/duban"


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_SECRET_KEY_FILE", str(tmp_path / "gone"))
    with pytest.raises(SettingsError, match=r"DUBAN_SECRET_KEY_FILE=.*gone"):
        load_settings()


def test_a_value_and_a_file_for_it_are_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_PORT", "9000")
    monkeypatch.setenv("DUBAN_PORT_FILE", str(tmp_path / "port"))
    with pytest.raises(SettingsError, match="DUBAN_PORT and DUBAN_PORT_FILE are both set"):
        load_settings()


def test_the_settings_in_force_show_their_source_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_SECRET_KEY", "a-secret-that-is-long-enough-for-anybody")
    monkeypatch.setenv("DUBAN_PORT", "9000")

    shown = {e.name: (e.value, e.source) for e in effective(load_settings())}

    assert shown["DUBAN_PORT"] == ("9000", "environment")
    assert shown["DUBAN_HOST"] == ("127.0.0.1", "default")
    assert shown["DUBAN_SECRET_KEY"] == ("**********", "environment")


def test_every_setting_is_described() -> None:
    assert all(entry.description for entry in effective(load_settings()))


def test_the_key_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")

    first = secret_key(settings)

    assert secret_key(settings) == first
    assert len(first.get_secret_value()) >= 32
    place = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [file.name for file in place.parent.iterdir()] == ["secret.key"]


def test_a_key_that_cannot_be_kept_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="DUBAN_SECRET_KEY"):
        secret_key(Settings(data_dir=tmp_path / "file"))
