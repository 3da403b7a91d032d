"""What may be done with a provider connection."""

from datetime import datetime

from msgspec import Struct, structs

from domain.errors import BadRequest, Code, Problem, ProviderInactive, ProviderNameTaken
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderEvent,
    ProviderPaused,
    ProviderReconfigured,
    ProviderResumed,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import Provider


class Settings(Struct, frozen=True, kw_only=True):
    """What may be changed of a connection, as it shall be."""

    base_url: str
    organization: str | None
    project: str | None
    base_agent: str | None
    concurrency_max: int


def connect(state: Provider | None, connected: ProviderConnected) -> tuple[ProviderEvent, ...]:
    if state is not None:
        raise ProviderNameTaken(f"A provider connection named {connected.name} exists already.")
    return (connected,)


def reconfigure(
    state: Provider, settings: Settings, *, credential: CredentialRef | None = None
) -> tuple[ProviderEvent, ...]:
    """What differs becomes so; quiet if nothing does. Raises BadRequest when another address would get the old credential."""
    if settings.base_url != state.base_url and credential is None:
        message = "is needed together with another baseUrl"
        raise BadRequest(
            "Give the credential again: it is never sent to an address that it was not given for.",
            problems=(Problem(pointer="/credential", message=message),),
        )
    events: tuple[ProviderEvent, ...] = ()
    if settings != settings_of(state):
        events = (ProviderReconfigured(**structs.asdict(settings)),)
    return events if credential is None else (*events, ProviderCredentialChanged(credential=credential))


def settings_of(state: Provider) -> Settings:
    return Settings(
        base_url=state.base_url,
        organization=state.organization,
        project=state.project,
        base_agent=state.base_agent,
        concurrency_max=state.concurrency_max,
    )


def pass_verification(state: Provider, *, activate: bool = False) -> tuple[ProviderEvent, ...]:
    """A connection that answers as it should is used from then on; one that a person took out of use, only if a person
    asks to `activate` it.
    """
    if state.active or (state.shelved and not activate):
        return (ProviderVerified(),)
    return (ProviderVerified(), ProviderActivated())


def fail_verification(state: Provider, *, code: Code, message: str, passing: bool = False) -> tuple[ProviderEvent, ...]:
    """A connection that is refused is not used until it is verified again. A failure that is `passing` says nothing against
    one in use, unless its settings are new and nothing has spoken for them yet.
    """
    failed = ProviderVerificationFailed(code=code, message=message)
    endures = not state.active or (passing and state.proven)
    return (failed,) if endures else (failed, ProviderDeactivated())


def check_active(state: Provider) -> None:
    """Nothing new is asked for through a connection that is out of use. Raises ProviderInactive."""
    if not state.active:
        raise ProviderInactive(why_inactive(state))


def why_inactive(state: Provider) -> str:
    if state.shelved:
        return f"The provider connection {state.name} was taken out of use; activate it first."
    return f"The provider connection {state.name} is not active; see why with its verification."


def deactivate(state: Provider) -> tuple[ProviderEvent, ...]:
    """Out of use by a person's wish, also if it is out of use for another reason; quiet if it is so already."""
    return () if state.shelved else (ProviderDeactivated(requested=True),)


def slow_down(state: Provider, *, until: datetime, code: Code) -> tuple[ProviderEvent, ...]:
    """The provider asked for fewer calls; quiet if nothing is sent until then anyway."""
    if state.pause is not None and (state.pause.until is None or state.pause.until >= until):
        return ()
    return (ProviderPaused(until=until, code=code),)


def pause(state: Provider, *, until: datetime | None) -> tuple[ProviderEvent, ...]:
    """A person holds everything back, until then or until it is resumed; quiet if that is so already."""
    if state.pause is not None and state.pause.requested and state.pause.until == until:
        return ()
    return (ProviderPaused(until=until, requested=True),)


def resume(state: Provider) -> tuple[ProviderEvent, ...]:
    """A person ends a pause, whoever began it; quiet if there is none."""
    return () if state.pause is None else (ProviderResumed(requested=True),)


def end_pause(state: Provider, *, now: datetime) -> tuple[ProviderEvent, ...]:
    """A pause whose time is over; quiet if there is none."""
    return () if state.pause is None or state.paused_at(now) else (ProviderResumed(),)
