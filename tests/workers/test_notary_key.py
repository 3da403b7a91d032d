"""Where the notary's key comes from, and who does not see it."""

from pathlib import Path

import pytest

from adapters.evidence.signing import new_signing_key, public_of
from adapters.providers.redaction import REDACTED, SECRETS
from domain.evidence.note import parse_signing_key, parse_verifying_key
from workers.evidence_settings import FOLDER, KEY, VERIFY, EvidenceSettings, read_evidence
from workers.notary_key import evidence_folder, find_public_key, own_notary_key, signing_key
from workers.settings import Settings, SettingsError, read_settings

OURS = new_signing_key("waybill-ours")


def test_the_first_notary_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    assert find_public_key(settings) is None
    assert not settings.data.exists()
    key = signing_key(settings)
    assert key.name.startswith("waybill-")
    assert len(key.name) == len("waybill-0123abcd")
    assert (settings.data / "notary.key").stat().st_mode & 0o777 == 0o600
    assert parse_signing_key((settings.data / "notary.key").read_text()) == key
    assert parse_verifying_key((settings.data / "notary.vkey").read_text()) == public_of(key)


def test_it_stays_the_same_and_everybody_may_know_the_public_one(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert signing_key(settings) == signing_key(settings)
    assert find_public_key(settings) == public_of(signing_key(settings))


def test_a_key_of_the_environment_goes_first_and_is_not_written_down(tmp_path: Path) -> None:
    settings = read_settings({KEY: f" {OURS}\n"}, data=tmp_path)
    assert signing_key(settings) == OURS
    assert find_public_key(settings) == public_of(OURS)
    assert not (tmp_path / "notary.key").exists()
    assert find_public_key(Settings(data=tmp_path)) == public_of(OURS)


def test_only_the_notary_is_told_the_key() -> None:
    assert own_notary_key("notary") == {}
    assert own_notary_key("relay") == own_notary_key(None) == {KEY: ""}
    assert read_evidence(own_notary_key("relay")).key is None


def test_nothing_shows_the_key() -> None:
    settings = read_evidence({KEY: str(OURS)})
    assert str(OURS) not in repr(settings)
    assert SECRETS.sub(REDACTED, f'{{"line":"key {OURS}"}}') == f'{{"line":"key {REDACTED}"}}'


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("something", "a signing key begins with PRIVATE"),
        (str(public_of(OURS)), "a signing key begins with PRIVATE"),
        (str(OURS)[:-4], "only Ed25519 keys are taken"),
    ],
    ids=["no key", "the public one", "cut off"],
)
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{KEY} cannot be used: {said}") as refused:
        read_settings({KEY: key}, data=tmp_path)
    assert key not in str(refused.value)


def test_a_key_whose_id_is_anothers_is_refused_wherever_it_is(tmp_path: Path) -> None:
    damaged = str(OURS).replace(OURS.key_id.hex(), "00000000")
    with pytest.raises(SettingsError, match=f"{KEY} cannot be used: the key's id does not fit"):
        signing_key(read_settings({KEY: damaged}, data=tmp_path))
    (tmp_path / "notary.key").write_text(damaged)
    with pytest.raises(SettingsError, match=r"notary.key cannot be used: the key's id does not fit"):
        signing_key(Settings(data=tmp_path))
    (tmp_path / "notary.vkey").write_text("no key")
    with pytest.raises(SettingsError, match=r"notary.vkey cannot be used"):
        find_public_key(Settings(data=tmp_path))


def test_what_is_not_set_is_in_the_data_folder_and_verified_every_hour(tmp_path: Path) -> None:
    assert read_evidence({}) == EvidenceSettings(key=None, folder=None, verify_seconds=3600)
    assert evidence_folder(Settings(data=tmp_path))._path == tmp_path / "evidence"
    elsewhere = read_settings({FOLDER: str(tmp_path / "elsewhere")}, data=tmp_path)
    assert evidence_folder(elsewhere)._path == tmp_path / "elsewhere"


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("60", 60), (" 86400 ", 86_400), ("", 3600)])
def test_how_often_is_a_number_of_seconds(text: str, seconds: int) -> None:
    assert read_evidence({VERIFY: text}).verify_seconds == seconds


@pytest.mark.parametrize("text", ["59", "-1", "often", "2592001", "1.5"])
def test_how_often_is_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=f"{VERIFY} must be 0, or a number from 60 to 2592000"):
        read_evidence({VERIFY: text})
