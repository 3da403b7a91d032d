"""A connection is held back for a while: because its provider asked for it, or because a person did."""

from datetime import datetime
from typing import Any

import pytest

from domain.errors import Code
from domain.events import Event
from domain.provider.decisions import (
    deactivate,
    end_pause,
    fail_verification,
    pass_verification,
    pause,
    resume,
    slow_down,
)
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderPaused,
    ProviderResumed,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import Fault, Pause, Provider
from tests.domain.facts import NOON, after
from tests.domain.install_run.deciding import A_MOMENT
from tests.kit.specification import folded, given

CONNECTED = ProviderConnected(
    name="openai",
    kind="openai",
    base_url="https://api.openai.example/v1",
    credential=CredentialRef(source="env", name="WAYBILL_CREDENTIAL_OPENAI"),
    concurrency_max=4,
)
IN_USE: list[Event] = [CONNECTED, ProviderVerified(), ProviderActivated()]
SLOWED = ProviderPaused(until=after(60), code=Code.PROVIDER_RATE_LIMIT)
HELD = ProviderPaused(until=after(60), requested=True)
HELD_FOR_GOOD = ProviderPaused(requested=True)
RATE_LIMIT: dict[str, Any] = {"code": Code.PROVIDER_RATE_LIMIT}


def provider(*events: Event) -> Provider:
    state = folded([*IN_USE, *events])
    assert isinstance(state, Provider)
    return state


def test_a_provider_that_asks_for_it_gets_a_pause() -> None:
    given(IN_USE).when(slow_down, until=after(60), **RATE_LIMIT).then([SLOWED])


@pytest.mark.parametrize("until", [after(59), after(60)], ids=["shorter", "the same"])
@pytest.mark.parametrize("paused", [SLOWED, HELD, HELD_FOR_GOOD], ids=["slowed", "held", "held for good"])
def test_within_a_pause_a_provider_has_nothing_to_ask_for(paused: Event, until: datetime) -> None:
    given([*IN_USE, paused]).when(slow_down, until=until, **RATE_LIMIT).then_nothing()


@pytest.mark.parametrize("paused", [SLOWED, HELD], ids=["slowed", "held"])
def test_a_provider_that_asks_for_more_gets_more(paused: Event) -> None:
    longer = ProviderPaused(until=after(61), code=Code.PROVIDER_RATE_LIMIT)
    given([*IN_USE, paused]).when(slow_down, until=after(61), **RATE_LIMIT).then([longer])
    given([*IN_USE, paused, ProviderResumed()]).when(slow_down, until=after(60), **RATE_LIMIT).then([SLOWED])


@pytest.mark.parametrize("until", [after(60), None], ids=["for a while", "for good"])
@pytest.mark.parametrize("before", [[], [SLOWED]], ids=["in use", "slowed"])
def test_a_person_may_hold_everything_back(until: datetime | None, before: list[Event]) -> None:
    given([*IN_USE, *before]).when(pause, until=until).then([ProviderPaused(until=until, requested=True)])


def test_what_a_person_holds_back_already_is_not_held_back_again() -> None:
    given([*IN_USE, HELD]).when(pause, until=after(60)).then_nothing()
    given([*IN_USE, HELD_FOR_GOOD]).when(pause, until=None).then_nothing()
    given([*IN_USE, HELD]).when(pause, until=after(59)).then([ProviderPaused(until=after(59), requested=True)])
    given([*IN_USE, HELD]).when(pause, until=None).then([HELD_FOR_GOOD])


@pytest.mark.parametrize("paused", [SLOWED, HELD, HELD_FOR_GOOD], ids=["slowed", "held", "held for good"])
def test_a_person_may_end_any_pause(paused: Event) -> None:
    given([*IN_USE, paused]).when(resume).then([ProviderResumed(requested=True)])
    given([*IN_USE, paused, ProviderResumed()]).when(resume).then_nothing()


def test_where_there_is_no_pause_none_is_ended() -> None:
    given(IN_USE).when(resume).then_nothing()
    given(IN_USE).when(end_pause, now=after(10**6)).then_nothing()


@pytest.mark.parametrize("paused", [SLOWED, HELD], ids=["slowed", "held"])
def test_a_pause_ends_when_its_time_is_over_and_not_before(paused: Event) -> None:
    given([*IN_USE, paused]).when(end_pause, now=after(60)).then([ProviderResumed()])
    given([*IN_USE, paused]).when(end_pause, now=after(60) - A_MOMENT).then_nothing()
    given([*IN_USE, HELD_FOR_GOOD]).when(end_pause, now=after(10**6)).then_nothing()


def test_a_pause_is_over_when_its_time_is_also_if_nobody_has_said_so() -> None:
    assert not provider().paused_at(NOON)
    for paused in (SLOWED, HELD):
        assert provider(paused).paused_at(after(60) - A_MOMENT)
        assert not provider(paused).paused_at(after(60))
    assert provider(HELD_FOR_GOOD).paused_at(after(10**9))
    assert not provider(HELD_FOR_GOOD, ProviderResumed()).paused_at(NOON)


def test_who_paused_it_is_known() -> None:
    assert provider(SLOWED).pause == Pause(until=after(60), requested=False)
    assert provider(HELD_FOR_GOOD).pause == Pause(until=None, requested=True)
    assert provider(SLOWED, ProviderResumed()).pause is None


def test_a_pause_is_nothing_against_the_connection() -> None:
    assert provider(HELD).active
    given([*IN_USE, HELD]).when(pass_verification).then([ProviderVerified()])
    given([*IN_USE, HELD]).when(deactivate).then([ProviderDeactivated(requested=True)])
    refusal = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
    given([*IN_USE, HELD]).when(fail_verification, code=refusal.code, message=refusal.message).then(
        [refusal, ProviderDeactivated()]
    )


def test_why_the_last_verification_failed_is_known_until_one_passes() -> None:
    refusal = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
    fault = Fault(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
    assert provider().fault is None
    assert provider(refusal).fault == fault
    given_anew = ProviderCredentialChanged(credential=CONNECTED.credential)
    assert provider(refusal, ProviderDeactivated(), given_anew).fault == fault
    assert provider(refusal, ProviderVerified()).fault is None
