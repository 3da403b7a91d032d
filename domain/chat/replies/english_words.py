"""English for what the domain knows as a word: statuses, roles, what was done."""

from collections.abc import Sequence
from typing import Final

from domain.install_run.events import RunKind
from domain.install_run.state import RunStatus, TargetStatus

STATUSES: Final[dict[RunStatus, str]] = {
    RunStatus.QUEUED: "has not begun yet",
    RunStatus.RUNNING: "is under way",
    RunStatus.SUCCESS: "succeeded",
    RunStatus.FAILED: "failed",
    RunStatus.PARTIAL_FAILED: "failed in part",
}
TARGET_STATUSES: Final[dict[TargetStatus, str]] = {
    TargetStatus.QUEUED: "waits",
    TargetStatus.RUNNING: "is under way",
    TargetStatus.SUCCESS: "done",
    TargetStatus.FAILED: "failed",
}
KINDS: Final[dict[RunKind, str]] = {"install": "Installing", "uninstall": "Removing", "rollback": "Taking back"}
DRIFTS: Final = {
    "missing": "it is gone there",
    "changed": "something else is there now",
    "unknown": "nobody knows whether it still is",
}
DEEDS: Final = {
    "skill.registered": "registered",
    "skill.version_published": "published a version of",
    "skill.labelled": "labelled",
    "skill.archived": "archived",
    "skill.unarchived": "took back into use",
    "provider.connected": "connected",
    "provider.reconfigured": "changed",
    "provider.credential_changed": "changed the credential of",
    "provider.verified": "verified",
    "provider.verification_failed": "verified, in vain,",
    "provider.activated": "activated",
    "provider.deactivated": "deactivated",
    "provider.paused": "paused",
    "provider.resumed": "resumed",
    "install_run.queued": "asked for",
    "install_run.cancel_requested": "cancelled",
    "install_run.retried": "retried",
    "install_run.rollback_requested": "took back",
}
PAIR_DEEDS: Final = {
    "install_run.queued": "asked to have {skill} installed at {place}",
    "installation.changed": "installed {skill} at {place}",
    "installation.removed": "removed {skill} from {place}",
}


def enumerated(words: Sequence[str], *, last: str = "and") -> str:
    """`openai`, `openai and claude`, `openai, claude and gemini`."""
    *before, end = words or ("",)
    return f"{', '.join(before)} {last} {end}" if before else end


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
