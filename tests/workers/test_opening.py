"""Who is the owner of the database is known to those who migrate, and to no part."""

from pathlib import Path

import psycopg
import pytest

from tests.conftest import as_owner
from workers.opening import bring_up_to_date
from workers.settings import Settings, SettingsError, child_environment, read_settings

OWNER_URL = "postgresql://owner:hush@db.example/waybill"


def test_no_part_is_told_the_owners_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAYBILL_POSTGRES_OWNER_URL", OWNER_URL)
    settings = read_settings(data=tmp_path)
    assert settings.postgres_owner_url == OWNER_URL
    told = child_environment(settings)
    assert not any("hush" in text for text in told.values())
    assert read_settings(told).postgres_owner_url is None


def test_what_is_no_address_is_named_without_what_it_holds(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, postgres_url="postgresql://app@db.example/waybill", postgres_owner_url="hush me")
    with pytest.raises(SettingsError, match="WAYBILL_POSTGRES_OWNER_URL cannot be used") as caught:
        bring_up_to_date(settings)
    assert "hush" not in str(caught.value)


def test_the_owner_gives_rights_back_where_nothing_is_to_be_migrated(database: str, tmp_path: Path) -> None:
    with psycopg.connect(as_owner(database)) as connection:
        connection.execute("REVOKE SELECT ON events FROM waybill_app")
    settings = Settings(data=tmp_path, postgres_url=database, postgres_owner_url=as_owner(database))
    assert bring_up_to_date(settings) == []
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
