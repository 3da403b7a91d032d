"""An event of a run in a few words."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from workers.terminal.answers import Event
from workers.terminal.wording import counted, duration, pinned

Data = dict[str, Any]


def describe(event: Event, provider_names: Mapping[str, str]) -> str:
    """Nothing for an event that this version does not know, or that its name says all about."""
    words = WORDS.get(event.event)
    if words is None:
        return ""
    try:
        said = words(event)
    except (KeyError, TypeError, ValueError):
        return ""  # a newer server's event of the same name
    at = provider_names.get(str(event.data.get("providerId")), "")
    if event.event == "RunQueued":
        return f"{said} for {', '.join(provider_names.values())}"
    return f"{at}: {said}" if at and said else at or said


def _queued(event: Event) -> str:
    data = event.data
    kind = "" if data.get("kind", "install") == "install" else f"{data['kind']} "
    return f"{kind}{pinned(data['skill']['name'], data['skill']['version'])}"


def _received(event: Event) -> str:
    receipt = event.data.get("receipt")
    if receipt is None:
        return "nothing was there to remove"
    version = receipt.get("remoteVersion")
    adopted = ", found there already" if event.data.get("adopted") else ""
    return str(receipt["remoteId"]) + (f" version {version}" if version else "") + adopted


def _failed(event: Event) -> str:
    return str(event.data["code"]) + (", may have been applied" if event.data.get("ambiguous") else "")


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
    "ProviderStarted": lambda event: f"attempt {event.data['attempt']}",
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
}
