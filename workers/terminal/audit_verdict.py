"""How a verdict reads: what is proved, or the first event that is not what it was and all else that was found."""

from typing import Any, Final

from msgspec import to_builtins
from rich.text import Text

from domain.evidence.verdict import Finding, FindingKind, Restore, Verdict
from workers.terminal.grid import Grid
from workers.terminal.wording import counted, moment, printable

HEADERS: Final = ("KIND", "POSITION", "EVENT", "FOUND")
# How the first finding is said, behind its place.
SAID: Final = {
    FindingKind.CHANGED: "was changed",
    FindingKind.REMOVED: "was removed",
    FindingKind.INSERTED: "was inserted",
    FindingKind.REORDERED: "is not in its place",
    FindingKind.DIVERGED: "is not what was signed",
    FindingKind.ROLLED_BACK: "is missing: the store was set back",
    FindingKind.UNREADABLE: "cannot be read",
    FindingKind.BUNDLE_CHANGED: "names bytes that were changed",
    FindingKind.BUNDLE_MISSING: "names bytes that are gone",
    FindingKind.HEAD_MOVED: "is not where the head stands",
    FindingKind.TILES_CHANGED: "cannot be proved",
}
SAID_OF_SEVERAL: Final = {
    FindingKind.REMOVED: "were removed",
    FindingKind.INSERTED: "were inserted",
    FindingKind.DIVERGED: "are not all what was signed",
    FindingKind.ROLLED_BACK: "are missing: the store was set back",
    FindingKind.HEAD_MOVED: "are not what the head says",
    FindingKind.TILES_CHANGED: "cannot be proved: their tiles were changed",
}


def as_document(verdict: Verdict) -> dict[str, Any]:
    """As JSON: `sound` goes before everything else."""
    return {"sound": verdict.sound, **to_builtins(verdict)}


def told(verdict: Verdict) -> list[Text]:
    first = verdict.first
    lines = [Text.assemble(("✔ ", "green"), _proved(verdict)) if first is None else _first(first)]
    if first is not None:
        lines.append(Text(f"  Proved up to here: {_proved(verdict)}", style="dim"))
    lines += [Text(f"  {_restored(restore)}") for restore in verdict.restores]
    unproved = verdict.events - verdict.proved
    if first is None and unproved > 0:
        lines.append(Text(f"  {counted(unproved, 'newer event')} not signed yet.", style="dim"))
    if first is None and verdict.compared_with == "none" and verdict.proved:
        lines.append(
            Text("  No copy of the hashes fits: a change could not have been told by its place.", style="yellow")
        )
    return lines


def findings_grid(verdict: Verdict) -> Grid:
    rows = [
        (
            Text(finding.kind.value, style="red"),
            _place(finding),
            str(finding.event_id or ""),
            printable(finding.detail),
        )
        for finding in verdict.findings
    ]
    if verdict.left_off:
        rows.append((Text("", style=""), "", "", f"and {verdict.left_off} more"))
    return Grid(HEADERS, rows, tail=1)


def _first(finding: Finding) -> Text:
    if finding.position is None:
        return Text.assemble(("✘ ", "bold red"), printable(finding.detail))
    if finding.until is None:
        said = f"Event {finding.position} {SAID[finding.kind]}."
    else:
        several = SAID_OF_SEVERAL.get(finding.kind, SAID[finding.kind])
        said = f"The events {finding.position} to {finding.until} {several}."
    return Text.assemble(("✘ ", "bold red"), (said, "bold"))


def _proved(verdict: Verdict) -> str:
    if verdict.signed_at is None:
        return "nothing."
    return (
        f"{counted(verdict.proved, 'event')}, as {counted(verdict.checkpoints, 'checkpoint')} say; "
        f"the last of them was signed at {moment(verdict.signed_at)} UTC."
    )


def _restored(restore: Restore) -> str:
    said = f"The store was set back, as event {restore.position} of {moment(restore.at)} UTC says"
    if restore.forgotten_until is None:
        return f"{said}; nothing that was signed is missing."
    return f"{said}: what was signed at the positions {restore.position} to {restore.forgotten_until} is forgotten."


def _place(finding: Finding) -> str:
    if finding.position is None:
        return ""
    return str(finding.position) if finding.until is None else f"{finding.position}-{finding.until}"
