"""What a tree of causes says of an event, of how long it took, and of what lies in other runs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.text import Text

from workers.terminal.answers import Event
from workers.terminal.event_wording import describe
from workers.terminal.replay_answers import CauseLink, CauseNode
from workers.terminal.wording import age, enumerated, printable

Said = Mapping[str, Any]

BAD: Final = frozenset(
    {
        "AccessDenied",
        "AlertRaised",
        "ChatCommandRejected",
        "InstallationCheckFailed",
        "InstallationDriftFound",
        "ProviderDeactivated",
        "ProviderFailed",
        "ProviderGivenUp",
        "ProviderLeaseExpired",
        "ProviderRefused",
        "ProviderRollbackFailed",
        "ProviderVerificationFailed",
        "RunFailed",
        "RunPartiallyFailed",
    }
)
INSTALLER: Final = "installer"
GOOD: Final = frozenset({"ProviderSucceeded", "RunSucceeded", "ProviderVerified", "ProviderRolledBack"})
# What the time went by with, in words that follow its length.
SPENT: Final[Mapping[str, str]] = {
    "provider": "at the provider",
    "silence": "of silence, until the lease expired",
    "backoff": "waiting to try again",
    "turn": "waiting for its turn",
    "queue": "waiting for an installer",
    "person": "until somebody asked",
}
# Another run that had ended before this one was asked for.
FORMER: Final = frozenset({"retry", "rollback"})
LINKED: Final[Mapping[str, str]] = {
    "retry": "tries again what failed in",
    "rollback": "takes back what was done by",
    "turn": "its turn came after",
    "cause": "was caused in",
}


def words_of(node: CauseNode) -> Text:
    """The event, where it was, and what it says."""
    colour = "red" if node.event in BAD else "green" if node.event in GOOD else ""
    own, at = _said(node.event, node.say), node.provider or ""
    said = printable((f"{at}: {own}" if at else own) if own else describe(_event(node), at=at))
    name = (printable(node.event), f"{colour} bold" if node.critical else colour)
    return Text.assemble(name, (f" {said}" if said else "", colour))


def actor_of(node: CauseNode, above: CauseNode | None) -> Text:
    """Who did it, where that is somebody else than before, and no installer, which does most of it."""
    said = node.actor.id == INSTALLER or (above is not None and above.actor.id == node.actor.id)
    return Text("" if said else f" by {printable(node.actor.name)}", style="dim")


def slowness_of(node: CauseNode) -> Text:
    if not node.slow:
        return Text()
    return Text(f" ◂ {spell(node.after_seconds or 0.0)} {SPENT.get(node.spent or '', 'went by')}", style="yellow")


def linked(link: CauseLink, *, before: CauseNode) -> str:
    """One line about what lies elsewhere."""
    if link.because == "lost" or (link.run_id is None and link.position is None):
        return f"its cause is not in the store: event {printable(link.id or 'unknown')}"
    if link.because == "cancel" and link.event is not None:
        return f"because of {printable(link.event)} at {link.position}"
    where = f"run {printable(link.run_id)}" if link.run_id else "another stream"
    words = f"{LINKED.get(link.because, 'rests on')} {where}"
    if link.event is None or link.at is None:
        return f"{words}, which has not ended"
    event = Event(position=0, event=link.event, at=link.at, actor=before.actor, data=dict(link.say or {}))
    tally = describe(event, at="") if link.because in FORMER else ""
    said = f": {printable(tally)}" if tally else ""
    early = f", {age(link.at, now=before.at)} before" if link.because in FORMER else ""
    return f"{words} ({printable(link.event)} at {link.position}{early}{said})"


def spell(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} m" if hours else f"{minutes} m {rest} s"


def _event(node: CauseNode) -> Event:
    return Event(position=node.position, event=node.event, at=node.at, actor=node.actor, data=node.say)


def _said(event: str, say: Said) -> str:
    words = WORDS.get(event)
    try:
        return words(say) if words else ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return ""  # a newer server's event of the same name


def _intended(say: Said) -> str:
    intent = say["intent"]
    providers = enumerated(list(intent.get("providers") or ()))
    skills = enumerated(list(intent.get("skills") or ()))
    return " ".join(part for part in (intent["action"], skills, f"at {providers}" if providers else "") if part)


def _until(say: Said) -> str:
    until = say.get("until")
    return " ".join(part for part in (say.get("code"), f"until {until}" if until else None) if part)


WORDS: Final[Mapping[str, Callable[[Said], str]]] = {
    "AccessDenied": lambda say: f"{say['method']} {say['path']}: {say['code']}" + _times(say),
    "AlertRaised": lambda say: f"{say['severity']} {say['rule']}: {say['subject']}",
    "AlertResolved": lambda say: f"{say['rule']}: {say['subject']}",
    "ChatCommandReceived": _intended,
    "ChatCommandRejected": lambda say: str(say.get("reason", "")),
    "InstallationDriftFound": lambda say: str(say["drift"]),
    "InstallationCheckFailed": lambda say: str(say["code"]),
    "ProviderPaused": _until,
    "ProviderVerificationFailed": lambda say: str(say["code"]),
}


def _times(say: Said) -> str:
    return f" ({say['count']} times)" if say.get("count", 1) > 1 else ""
