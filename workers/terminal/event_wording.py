"""An event of a run in a few words."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from workers.terminal.answers import Event
from workers.terminal.wording import counted, duration, pinned


def describe(event: Event, *, at: str) -> str:
    """Nothing for an event that this version does not know, or that its name says all about. `at` is where it happened, "" where
    it is about the run.
    """
    words = WORDS.get(event.event)
    try:
        said = "" if words is None else words(event)
    except (AttributeError, KeyError, TypeError, ValueError):
        said = ""  # a newer server's event of the same name
    return f"{at}: {said}" if at and said else at or said


def _queued(event: Event) -> str:
    data = event.data
    kind = "" if data.get("kind", "install") == "install" else f"{data['kind']} "
    names = ", ".join(target["name"] for target in data["targets"])
    return f"{kind}{pinned(data['skill']['name'], data['skill']['version'])} for {names}"


def _started(event: Event) -> str:
    """How its ticket came, too, where that is on record."""
    attempt = f"attempt {event.data['attempt']}"
    ticket = event.data.get("ticket")
    if ticket is None:
        return attempt
    came = f"ticket {ticket['sequence']} after {duration(datetime.fromisoformat(ticket['issuedAt']), event.at)}"
    often = f", delivery {ticket['deliveries']}" if ticket["deliveries"] > 1 else ""
    return f"{attempt}, {came} in NATS{often}"


def _received(event: Event) -> str:
    receipt = event.data.get("receipt")
    if receipt is None:
        return "nothing was there to remove"
    version = receipt.get("remoteVersion")
    adopted = ", found there already" if event.data.get("adopted") else ""
    return str(receipt["remoteId"]) + (f" version {version}" if version else "") + adopted


def _failed(event: Event) -> str:
    doubt = ", may have been applied" if event.data.get("ambiguous") else ""
    wait = event.data.get("retryAfterSeconds")
    return f"{event.data['code']}{doubt}" + (f", asked to wait {wait:g} s" if wait else "")


def _retry(event: Event) -> str:
    return f"attempt {event.data['attempt']} in {duration(event.at, datetime.fromisoformat(event.data['dueAt']))}"


def _rescued(event: Event) -> str:
    return f"{event.data['fault'].replace('_', ' ')}, a ticket is issued again"


def _rolled_back(event: Event) -> str:
    version = event.data.get("version")
    return "nothing is there any more" if version is None else f"version {version} is there again"


def _claimed(event: Event) -> str:
    return ("to remove version " if event.data.get("removes") else "for version ") + str(event.data["version"])


def _swept(event: Event) -> str:
    discarded = event.data.get("discarded") or []
    return f"{counted(len(discarded), 'extra')} removed" if discarded else "nothing was left over"


def _tally(event: Event) -> str:
    data = event.data
    done = [f"{counted(data['succeeded'], 'target')} done"] if isinstance(data.get("succeeded"), int) else []
    failures = data.get("failures")
    undone = [f"{number} x {code}" for code, number in failures.items()] if isinstance(failures, dict) else []
    return ", ".join(done + undone)


def _code(event: Event) -> str:
    return str(event.data["code"])


def _by_run(event: Event) -> str:
    return f"by run {event.data['runId']}" if event.data.get("runId") else "by itself"


WORDS: Final[Mapping[str, Callable[[Event], str]]] = {
    "RunQueued": _queued,
    "ProviderRefused": lambda event: f"{_code(event)}, so it was not asked",
    "ProviderStarted": _started,
    "ProviderSucceeded": _received,
    "ProviderFailed": _failed,
    "ProviderRetryScheduled": _retry,
    "ProviderLeaseExpired": lambda _: "nothing was heard of the attempt in time",
    "ProviderRescued": _rescued,
    "ProviderGivenUp": _code,
    "ProviderRolledBack": _rolled_back,
    "ProviderRollbackFailed": _code,
    "RunRetried": _by_run,
    "RollbackRequested": _by_run,
    "RunSucceeded": _tally,
    "RunPartiallyFailed": _tally,
    "RunFailed": _tally,
    "InstallationReserved": _claimed,
    "InstallationAwaited": _claimed,
    "InstallationChanged": _received,
    "InstallationRemoved": lambda _: "",
    "InstallationReceiptLate": lambda event: f"{_received(event)} came too late",
    "InstallationDoubted": lambda _: "the store was restored; what it may have forgotten is looked up",
    "InstallationSwept": _swept,
    "ProviderPaused": lambda _: "nothing is sent there for now",
    "ProviderResumed": lambda _: "it is used again",
}
# What a person looks for first.
STYLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("RunSucceeded", "ProviderSucceeded", "ProviderRolledBack", "AlertResolved"), "green"),
    **dict.fromkeys(
        (
            "RunPartiallyFailed",
            "ProviderRetryScheduled",
            "ProviderRescued",
            "ProviderPaused",
            "InstallationAwaited",
            "AccessDenied",
            "ChatCommandRejected",
        ),
        "yellow",
    ),
    **dict.fromkeys(
        (
            "RunFailed",
            "ProviderFailed",
            "ProviderRefused",
            "ProviderGivenUp",
            "ProviderLeaseExpired",
            "ProviderRollbackFailed",
            "ProviderVerificationFailed",
            "InstallationDriftFound",
            "InstallationCheckFailed",
            "AlertRaised",
            "AlertRepeated",
        ),
        "red",
    ),
}
