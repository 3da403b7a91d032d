import string
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.access.key import (
    ALPHABET,
    KEY_ID_ALPHABET,
    KEY_ID_CHARS,
    SECRET_BYTES,
    hash_secret,
    key_id_from,
    opens,
    read_key,
    without_keys,
    write_key,
)
from domain.access.state import ApiKey
from domain.events import Role

key_ids = st.text(st.sampled_from(string.ascii_lowercase + string.digits), min_size=4, max_size=32)
secrets = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)

LARGEST = b"\xff" * SECRET_BYTES
KEY = write_key(key_id="admin", secret=LARGEST)


def issued(secret: bytes) -> ApiKey:
    presented = read_key(write_key(key_id="admin", secret=secret))
    assert presented is not None
    return ApiKey(
        key_id="admin", name="admin", role=Role.ADMIN, secret_sha256=hash_secret(presented.secret), expires_at=None
    )


@settings(deadline=None)
@given(key_ids, secrets)
def test_a_written_key_is_read(key_id: str, secret: bytes) -> None:
    key = write_key(key_id=key_id, secret=secret)
    presented = read_key(key)
    assert presented is not None
    assert presented.key_id == key_id
    assert key.startswith(f"wb_{key_id}_{presented.secret}")
    assert sum(ALPHABET.index(digit) * 62**place for place, digit in enumerate(reversed(presented.secret))) == (
        int.from_bytes(secret)
    )


@settings(deadline=None)
@given(key_ids, secrets, st.data())
def test_a_typo_is_noticed_without_a_look_up(key_id: str, secret: bytes, data: st.DataObject) -> None:
    """Any one character that is another one, wherever it stands."""
    key = write_key(key_id=key_id, secret=secret)
    place = data.draw(st.integers(0, len(key) - 1))
    typo = data.draw(st.sampled_from(ALPHABET + "_-é ").filter(lambda character: character != key[place]))
    assert read_key(key[:place] + typo + key[place + 1 :]) is None


@settings(deadline=None)
@given(key_ids, secrets, st.data())
def test_two_neighbours_that_changed_places_are_noticed(key_id: str, secret: bytes, data: st.DataObject) -> None:
    key = write_key(key_id=key_id, secret=secret)
    place = data.draw(st.integers(0, len(key) - 2).filter(lambda place: key[place] != key[place + 1]))
    assert read_key(key[:place] + key[place + 1] + key[place] + key[place + 2 :]) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wb_",
        KEY[:-1],
        f"{KEY}0",
        f" {KEY}",
        f"{KEY}\n",
        KEY.upper(),
        KEY.replace("wb_", "sk_"),
        f"Bearer {KEY}",
        f"{KEY}{KEY}",
        "wb_" + "a" * 10_000,
    ],
)
def test_what_has_not_the_form_is_no_key(text: str) -> None:
    assert read_key(text) is None


@given(st.uuids(), st.uuids())
def test_a_key_id_is_that_of_what_it_was_made_from(one: UUID, other: UUID) -> None:
    made = key_id_from(one)
    assert len(made) == KEY_ID_CHARS
    assert set(made) <= set(KEY_ID_ALPHABET)
    assert (key_id_from(other) == made) is (one == other)
    presented = read_key(write_key(key_id=made, secret=LARGEST))
    assert presented is not None
    assert presented.key_id == made


def test_key_ids_stay() -> None:
    """A request that is sent again finds by it the key that it has made, also after an upgrade."""
    assert key_id_from(UUID(int=1)) == "w0jhrpoj2zjv"


def test_only_its_own_secret_opens_a_key() -> None:
    presented = read_key(KEY)
    assert presented is not None
    assert opens(issued(LARGEST), presented)
    assert not opens(issued(bytes(SECRET_BYTES)), presented)


def test_secrets_are_compared_in_constant_time() -> None:
    assert "compare_digest" in opens.__code__.co_names


def test_the_key_does_not_hold_its_secret_in_the_clear() -> None:
    presented = read_key(KEY)
    assert presented is not None
    assert presented.secret not in str(issued(LARGEST))


def test_a_key_in_a_text_loses_its_secret() -> None:
    assert without_keys(f"/api/keys/{KEY}/x {KEY}") == "/api/keys/wb_admin_.../x wb_admin_..."
    assert without_keys("/api/keys/wb_admin_short") == "/api/keys/wb_admin_short"
