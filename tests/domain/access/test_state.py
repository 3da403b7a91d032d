from datetime import UTC, datetime

import pytest

from domain.access.events import ApiKeyIssued
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


def test_the_denials_of_a_key_do_not_stand_in_its_stream() -> None:
    assert key_stream("admin") != denials_stream("admin")
