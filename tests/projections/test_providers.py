import msgspec
import pytest

from domain.errors import Code
from domain.events import Event
from domain.provider.events import (
    ProviderActivated,
    ProviderDeactivated,
    ProviderVerificationFailed,
    ProviderVerified,
)
from projections.providers import PROVIDERS, Provider, ProviderRow, Verification
from projections.rows import ImpossibleHistoryError
from tests.kit.projection_spec import History, given
from tests.projections.stories import OPENAI, Story

REFUSED = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="no such key")


def after(*events: Event) -> tuple[ProviderRow, Story]:
    story = Story()
    story.connect("openai")
    if events:
        story.add(OPENAI, *events)
    (row,) = given(story).rows(PROVIDERS)
    return row, story


def test_a_new_connection_is_not_in_use_and_was_never_verified() -> None:
    row, _ = after()
    assert (row.id, row.name, row.kind, row.active) == (OPENAI, "openai", "openai", False)
    assert (row.base_url, row.organization, row.project, row.concurrency_max) == (
        "https://api.example",
        "org-1",
        None,
        4,
    )
    assert row.verification == Verification(status="never")
    assert (row.position, row.connected_position) == (1, 1)


def test_a_verified_connection_is_in_use() -> None:
    row, story = after(ProviderVerified(), ProviderActivated())
    assert row.active
    assert row.verification == Verification(status="ok", at=story.events[1].at)
    assert (row.position, row.connected_position) == (3, 1)


def test_a_refused_connection_says_why_and_is_out_of_use() -> None:
    row, story = after(ProviderVerified(), ProviderActivated(), REFUSED, ProviderDeactivated())
    assert not row.active
    assert row.verification == Verification(
        status="failed", code=Code.PROVIDER_UNAUTHORIZED, message="no such key", at=story.events[3].at
    )


def test_a_later_success_takes_the_reason_away() -> None:
    row, _ = after(REFUSED, ProviderVerified(), ProviderActivated())
    assert (row.verification.status, row.verification.code, row.verification.message) == ("ok", None, None)


def test_nothing_of_the_credential_is_in_the_row() -> None:
    row, _ = after()
    assert b"CREDENTIAL" not in msgspec.json.encode(row)


def test_a_verification_of_nothing_and_a_second_connection_cannot_be() -> None:
    history = History()
    history.add(OPENAI, ProviderVerified())
    twice = Story()
    twice.connect("openai")
    twice.connect("openai")
    for impossible in (history, twice):
        with pytest.raises(ImpossibleHistoryError):
            given(impossible).rows(PROVIDERS)


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = "id name kind active verification baseUrl organization project concurrencyMax position"
    assert [field.encode_name for field in msgspec.structs.fields(Provider)] == contract.split()
