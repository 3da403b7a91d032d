"""The file of the webhooks: what it says, and every mistake in it named by file and key, without a secret."""

import re
from pathlib import Path

import pytest

from domain.alert.rules import RuleName, Severity
from tests.kit.alerting import OTHER_SECRET, SECRET
from workers.doctor_webhooks import examine_webhooks
from workers.settings import Settings, SettingsError, read_settings
from workers.webhook_settings import WEBHOOKS_MAX, read_webhooks

PAGER = f'[pager]\nurl = "https://pager.example/hooks/token"\nsecret = "{SECRET}"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "webhooks.toml"


def settings_of(file: Path, text: str) -> Settings:
    file.write_text(text)
    return read_settings({"WAYBILL_WEBHOOKS": str(file), "WAYBILL_DATA": str(file.parent)})


def test_without_the_variable_there_are_none() -> None:
    assert read_webhooks({}).all == ()
    assert read_webhooks({"WAYBILL_WEBHOOKS": ""}).file is None


def test_each_table_is_a_webhook(file: Path) -> None:
    more = f"""
        [chat-2]
        url = "http://127.0.0.1:9000/in"
        secret = ["{OTHER_SECRET}", "{SECRET}"]
        severities = ["critical", "warning"]
        rules = ["stuck"]
    """
    pager, chat = settings_of(file, PAGER + more).webhooks.all
    assert (pager.name, pager.url) == ("pager", "https://pager.example/hooks/token")
    assert pager.wants(severity=Severity.INFO, rule="relay-lag")
    assert (chat.name, chat.rules) == ("chat-2", (RuleName.STUCK,))
    assert chat.wants(severity=Severity.CRITICAL, rule="stuck")
    assert not chat.wants(severity=Severity.INFO, rule="stuck")
    assert not chat.wants(severity=Severity.CRITICAL, rule="relay-lag")


@pytest.mark.parametrize("url", ["http://localhost:1/x", "http://[::1]:1/x", "http://127.8.0.1/x", "HTTPS://a.example"])
def test_in_the_clear_it_goes_to_this_machine_alone(file: Path, url: str) -> None:
    assert settings_of(file, PAGER.replace("https://pager.example/hooks/token", url)).webhooks.all[0].url == url


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PAGER.replace("https", "http"), r"\[pager\] url must begin with https://, or http:// for this machine alone"),
        (PAGER.replace("https://", "ftp://"), r"\[pager\] url must begin with https://"),
        (PAGER.replace("https://", "https:"), r"\[pager\] url must be a URL such as"),
        (PAGER.replace("pager.example", "[pager"), r"\[pager\] url must be a URL such as"),
        (PAGER.replace("pager.example", "a:99999999"), r"\[pager\] url must be a URL such as"),
        (PAGER.replace("hooks/", "ho oks/"), r"\[pager\] url must be a URL such as"),
        (PAGER.replace("hooks/", "h" * 2000), r"\[pager\] url must be a URL such as"),
        (PAGER.replace(SECRET, "whsec_short"), r"\[pager\] secret: a secret is whsec_ and the base64 of 24 to 64"),
        (PAGER.replace(f'"{SECRET}"', "[]"), r"\[pager\] secret: at least one secret is needed"),
        ('[pager]\nurl = "https://a.example"\n', r"\[pager\] .*`secret`"),
        (f'[pager]\nsecret = "{SECRET}"\n', r"\[pager\] .*`url`"),
        (PAGER + 'severity = ["critical"]\n', r"\[pager\] .*`severity`"),
        (PAGER + 'severities = ["high"]\n', r"\[pager\] .*'high'.*severities"),
        (PAGER + 'rules = ["stuk"]\n', r"\[pager\] .*'stuk'.*rules"),
        (PAGER + "secret = 5\n", "is no TOML"),
        (PAGER.replace(f'"{SECRET}"', "5"), r"\[pager\] .*secret"),
        (PAGER.replace("[pager]", "[Pager]"), r"\[Pager\] must be named with a-z, 0-9 and -"),
        (PAGER.replace("[pager]", '["a.b"]'), r"\[a\.b\] must be named with"),
        (PAGER.replace("[pager]", "[_new]"), r"\[_new\] must be named with"),
        ('url = "https://a.example"', r"\[url\] Expected `object`"),
        ("[pager", "is no TOML"),
        ("".join(PAGER.replace("pager", f"p{n}") for n in range(WEBHOOKS_MAX + 1)), "at most 16 are sent to"),
        ("#" * 70_000, "at most 65536 bytes"),
    ],
    ids=lambda value: "" if value.startswith(("[", "#", "url")) else re.sub(r"[^a-z]+", "-", value.lower())[:30],
)
def test_a_mistake_is_named_and_no_secret_told(file: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        settings_of(file, text)
    assert str(file) in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "token" not in str(raised.value)


def test_a_file_that_is_not_there_or_no_text_is_named(file: Path) -> None:
    with pytest.raises(SettingsError, match=r"webhooks\.toml: No such file"):
        read_settings({"WAYBILL_WEBHOOKS": str(file), "WAYBILL_DATA": str(file.parent)})
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is no TOML"):
        read_settings({"WAYBILL_WEBHOOKS": str(file), "WAYBILL_DATA": str(file.parent)})


def test_no_text_of_the_settings_has_a_secret(file: Path) -> None:
    assert SECRET.removeprefix("whsec_") not in repr(settings_of(file, PAGER))


def test_the_doctor_names_them_and_who_may_read_their_secrets(file: Path) -> None:
    settings = settings_of(file, PAGER)
    file.chmod(0o640)
    found = list(examine_webhooks(settings))
    assert [(check.name, check.status) for check in found] == [("webhooks", "ok"), ("webhooks_file", "warning")]
    assert found[0].detail == "1 webhook: pager"
    assert str(file) in found[1].detail
    file.chmod(0o600)
    assert [check.name for check in examine_webhooks(settings)] == ["webhooks"]
    assert [check.detail for check in examine_webhooks(settings_of(file, ""))] == [f"none in {file}"]
    assert list(examine_webhooks(Settings(data=file.parent))) == []
