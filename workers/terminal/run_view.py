"""How a run looks: one line in a list, a page of its own, and its one sentence in plain words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.advice import advice_for
from workers.terminal.answers import Run, Target
from workers.terminal.grid import Grid, facts
from workers.terminal.wording import (
    age,
    ago,
    duration,
    enumerated,
    pinned,
    printable,
    received,
    short_digest,
    status_text,
)


class Words(Struct, frozen=True, kw_only=True):
    done: str
    undone: str
    doing: str


WORDS: Final = {
    "install": Words(done="is live at", undone="could not be installed at", doing="is being installed at"),
    "uninstall": Words(done="is removed from", undone="could not be removed from", doing="is being removed from"),
    "rollback": Words(done="is taken back at", undone="could not be taken back at", doing="is being taken back at"),
}


def runs_grid(runs: Sequence[Run], *, now: datetime) -> Grid:
    rows = [(run.id, age(run.queued_at, now=now), status_text(run.status), _in_short(run)) for run in runs]
    return Grid(("RUN", "AGE", "STATUS", "WHAT"), rows)


def run_page(run: Run, *, now: datetime) -> RenderableType:
    pairs: list[tuple[str, str | Text]] = [
        ("run", run.id),
        ("kind", printable(run.kind)),
        ("status", _path(run, now=now)),
        ("skill", f"{pinned(run.skill.name, run.skill.version)} ({short_digest(run.skill.digest)})"),
        ("requested", f"{ago(run.queued_at, now=now)} by {printable(run.requested_by.name)}"),
    ]
    if run.reason is not None:
        pairs.append(("reason", printable(run.reason)))
    pairs += [(label, printable(value)) for label, value in _relatives(run) if value is not None]
    if run.failures:
        pairs.append(("failures", tally(run.failures)))
    return Group(facts(pairs), Text(), targets_grid(run, now=now), *_in_words(run, now=now))


def next_steps(run: Run) -> list[tuple[str, str]]:
    """Commands that a person may want now, each with its purpose."""
    steps = [(f"waybill history {run.id}", "What happened, event by event")]
    if not run.ended:
        steps.append((f"waybill runs cancel {run.id}", "Cancel it"))
    elif run.retried_by is not None:
        steps.append((f"waybill runs show {run.retried_by}", "What became of its retry"))
    elif run.status != "success" and run.kind != "rollback":
        steps.append((f"waybill runs retry {run.id}", "Try again what failed"))
    elif run.status != "success":
        steps.append((f"waybill runs rollback {run.rollback_of}", "Try again to take it back"))
    return steps


def _relatives(run: Run) -> tuple[tuple[str, str | None], ...]:
    """The runs that this one came of, and those that came of it."""
    return (
        ("retry of", run.retry_of),
        ("retried by", run.retried_by),
        ("takes back", run.rollback_of),
        ("taken back", _taken_back(run)),
    )


def _taken_back(run: Run) -> str | None:
    if run.rollback is None:
        return None
    by = f"by run {run.rollback.run_id}" if run.rollback.run_id is not None else "by itself"
    places = "; ".join(
        f"{target.provider.name}: {target.status.replace('_', ' ')}"
        + (f" to v{target.version}" if target.version is not None and target.status == "rolled_back" else "")
        + (f" ({target.code})" if target.code is not None else "")
        for target in run.rollback.targets
    )
    return f"{by}: {places}"


def targets_grid(run: Run, *, now: datetime) -> Grid:
    rows = [
        (printable(target.provider.name), status_text(target.status), str(target.attempts), _outcome(target, now=now))
        for target in run.targets
    ]
    return Grid(("PROVIDER", "STATUS", "ATTEMPTS", "OUTCOME"), rows)


def sentence(run: Run, *, now: datetime) -> str:
    """What became of the run, or what it is doing."""
    skill = pinned(run.skill.name, run.skill.version)
    words = WORDS.get(run.kind, WORDS["install"])
    done = _names(run, "success")
    undone = enumerated(
        [
            f"{printable(target.provider.name)} ({printable(target.code or 'unknown')})"
            for target in run.targets
            if target.status == "failed"
        ]
    )
    match run.status:
        case "success":
            return f"{skill} {words.done} {done}."
        case "failed":
            return f"{skill} {words.undone} {undone}."
        case "partial_failed":
            return f"{skill} {words.done} {done}, and {words.undone} {undone}."
        case "running" if waiting := _waiting(run, now=now):
            return waiting
        case "running":
            return f"{skill} {words.doing} {_names(run, 'running') or _names(run, 'queued')}."
        case _:
            return f"{skill} waits for an installer."


def _waiting(run: Run, *, now: datetime) -> str | None:
    """`Waiting 12 s to try openai again after overloaded:provider.`: if nothing else goes on."""
    due = [target for target in run.targets if target.status == "queued" and target.next_attempt_at is not None]
    if not due or any(target.status == "running" for target in run.targets):
        return None
    first = min(due, key=lambda target: target.next_attempt_at or now)
    assert first.next_attempt_at is not None  # noqa: S101 - those without are not due
    after = f" after {printable(first.code)}" if first.code is not None else ""
    return f"Waiting {duration(now, first.next_attempt_at)} to try {printable(first.provider.name)} again{after}."


def tally(failures: Mapping[str, int]) -> str:
    """How many targets failed with which code."""
    return ", ".join(f"{number} x {printable(code)}" for code, number in failures.items())


def _path(run: Run, *, now: datetime) -> Text:
    """Every status it has had and how long; a run that ended without having been started was never running."""
    queued_until = run.started_at or run.finished_at or now
    path = Text.assemble(status_text("queued"), f" {duration(run.queued_at, queued_until)}")
    if run.started_at is not None:
        spent = duration(run.started_at, run.finished_at or now)
        path.append(" → ").append_text(status_text("running")).append(f" {spent}")
    if run.ended:
        path.append(" → ").append_text(status_text(run.status))
    return path


def _in_words(run: Run, *, now: datetime) -> list[RenderableType]:
    lines: list[RenderableType] = [Text(), Text(sentence(run, now=now))]
    codes = dict.fromkeys(target.code for target in run.targets if target.code is not None)
    for code in codes:
        advice = advice_for(code)
        if advice is not None:
            names = ", ".join(printable(target.provider.name) for target in run.targets if target.code == code)
            lines.append(Text(advice if len(run.targets) == 1 else f"{names}: {advice}"))
    return lines


def _in_short(run: Run) -> str:
    places = ", ".join(
        printable(target.provider.name) + (f" ({printable(target.code)})" if target.code is not None else "")
        for target in run.targets
    )
    return f"{printable(run.kind)} {pinned(run.skill.name, run.skill.version)} at {places}"


def _outcome(target: Target, *, now: datetime) -> str:
    if target.receipt is not None:
        return received(target.receipt) + _rescued(target)
    if target.code is None:
        return _rescued(target).removeprefix(", ")
    said = f": {printable(target.message)}" if target.message else ""
    request = f" (request {printable(target.provider_request_id)})" if target.provider_request_id else ""
    again = ""
    if target.status == "queued" and target.next_attempt_at is not None:
        again = f", again in {duration(now, target.next_attempt_at)}"
    return f"{printable(target.code)}{said}{request}{again}{_rescued(target)}"


def _rescued(target: Target) -> str:
    """Whether the watchdog had to help it along."""
    return f", rescued {target.rescues}x" if target.rescues else ""


def _names(run: Run, status: str) -> str:
    return enumerated([printable(target.provider.name) for target in run.targets if target.status == status])
