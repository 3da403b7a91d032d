from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.access.state import ApiKey, denials_stream, key_stream
from domain.events import Role
from tests.kit.specification import folded


@pytest.mark.parametrize("expires_at", [None, datetime(2027, 1, 1, tzinfo=UTC)])
def test_an_issued_key_is_what_was_issued(expires_at: datetime | None) -> None:
    issued = ApiKeyIssued(
        key_id="admin", name="The first", role=Role.ADMIN, secret_sha256="ab" * 32, expires_at=expires_at
    )
    assert folded([issued]) == ApiKey(
        key_id="admin", name="The first", role=Role.ADMIN, secret_sha256="ab" * 32, expires_at=expires_at
    )


def test_a_revoked_key_is_what_it_was_and_revoked() -> None:
    issued = ApiKeyIssued(key_id="admin", name="The first", role=Role.ADMIN, secret_sha256="ab" * 32)
    key = folded([issued])
    assert (key.revoked, folded([issued, ApiKeyRevoked(key_id="admin")])) == (False, replace(key, revoked=True))


def test_a_key_expires_at_its_moment_and_not_before() -> None:
    at = datetime(2027, 1, 1, tzinfo=UTC)
    key = folded([ApiKeyIssued(key_id="a", name="a", role=Role.ADMIN, secret_sha256="ab" * 32, expires_at=at)])
    assert [key.expired(at - timedelta(microseconds=1)), key.expired(at)] == [False, True]


def test_the_denials_of_a_key_do_not_stand_in_its_stream() -> None:
    assert key_stream("admin") != denials_stream("admin")
