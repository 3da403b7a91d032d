import msgspec
import pytest

from domain.errors import Code
from domain.events import Event
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderPaused,
    ProviderReconfigured,
    ProviderResumed,
    ProviderVerificationFailed,
    ProviderVerified,
)
from projections.providers import PROVIDERS, Provider, ProviderRow, Verification
from projections.rows import ImpossibleHistoryError
from tests.kit.facts import NOON
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


def test_what_a_person_took_out_of_use_says_so_until_it_is_back() -> None:
    in_use = (ProviderVerified(), ProviderActivated())
    row, _ = after(*in_use, ProviderDeactivated(requested=True))
    assert (row.active, row.shelved) == (False, True)
    row, _ = after(*in_use, ProviderDeactivated(requested=True), *in_use)
    assert (row.active, row.shelved) == (True, False)
    row, _ = after(*in_use, REFUSED, ProviderDeactivated())
    assert (row.active, row.shelved) == (False, False)


def test_a_pause_says_who_asked_for_it_and_how_long_it_lasts_until_it_is_over() -> None:
    row, _ = after(ProviderVerified(), ProviderActivated())
    assert (row.paused, row.paused_until, row.paused_by) == (False, None, None)
    row, _ = after(ProviderPaused(until=NOON, code=Code.PROVIDER_RATE_LIMIT))
    assert (row.paused, row.paused_until, row.paused_by) == (True, NOON, "provider")
    row, _ = after(ProviderPaused(until=NOON, code=Code.PROVIDER_RATE_LIMIT), ProviderPaused(requested=True))
    assert (row.paused, row.paused_until, row.paused_by) == (True, None, "person")
    row, _ = after(ProviderPaused(until=NOON, requested=True), ProviderResumed())
    assert (row.paused, row.paused_until, row.paused_by) == (False, None, None)


def test_a_pause_takes_nothing_out_of_use() -> None:
    row, _ = after(ProviderVerified(), ProviderActivated(), ProviderPaused(requested=True))
    assert (row.active, row.verification.status, row.position) == (True, "ok", 4)


def test_settings_are_as_they_were_changed_last() -> None:
    changed = ProviderReconfigured(
        base_url="https://elsewhere.example", project="p", base_agent="agent-1", concurrency_max=9
    )
    row, _ = after(ProviderVerified(), ProviderActivated(), changed)
    assert (row.base_url, row.organization, row.project) == ("https://elsewhere.example", None, "p")
    assert (row.base_agent, row.concurrency_max, row.active) == ("agent-1", 9, True)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (ProviderReconfigured(base_url="https://api.example", organization="org-1", concurrency_max=9), "ok"),
        (ProviderReconfigured(base_url="https://api.example", organization="org-2", concurrency_max=4), "never"),
        (ProviderReconfigured(base_url="https://b.example", organization="org-1", concurrency_max=4), "never"),
        (ProviderCredentialChanged(credential=CredentialRef(source="file", name="another")), "never"),
    ],
)
def test_a_verification_says_nothing_of_settings_that_came_after_it(change: Event, status: str) -> None:
    row, _ = after(ProviderVerified(), ProviderActivated(), change)
    assert row.verification.status == status


def test_nothing_of_the_credential_is_in_the_row() -> None:
    row, _ = after(ProviderCredentialChanged(credential=CredentialRef(source="env", name="WAYBILL_CREDENTIAL_B")))
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
    contract = """id name kind active shelved paused pausedUntil pausedBy verification baseUrl organization project baseAgent
        concurrencyMax position"""
    assert [field.encode_name for field in msgspec.structs.fields(Provider)] == contract.split()
