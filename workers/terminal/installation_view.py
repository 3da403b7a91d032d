"""How installations look: one line in a list, a page of their own with what to paste, and what a verification found in words."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.advice import advice_for
from workers.terminal.answers import Installation, Receipt
from workers.terminal.grid import Cell, Grid, facts
from workers.terminal.wording import age, ago, counted, pinned, printable, received, short_digest, status_text

FOUND: Final = {
    "none": "as installed",
    "missing": "gone",
    "changed": "replaced by something else",
    "unknown": "not known",
}
TROUBLES: Final = {
    "missing": "It is gone at {provider}.",
    "changed": "Something else is in its place at {provider}.",
    "unknown": "{provider} did not say whether it is still there.",
}


def installations_grid(items: Sequence[Installation], *, now: datetime) -> Grid:
    rows: list[tuple[Cell, ...]] = [
        (
            pinned(one.skill.name, one.version),
            printable(one.provider.name),
            drift_text(one),
            "never" if one.verified_at is None else age(one.verified_at, now=now),
            age(one.at, now=now),
            _note(one),
        )
        for one in items
    ]
    headers = ("SKILL", "PROVIDER", "DRIFT", "VERIFIED", "INSTALLED", "NOTE")
    if any(_note(one) for one in items):
        return Grid(headers, rows)
    return Grid(headers[:-1], [row[:-1] for row in rows])


def installation_page(one: Installation, *, now: datetime) -> RenderableType:
    pairs: list[tuple[str, Cell]] = [
        ("skill", f"{pinned(one.skill.name, one.version)} ({short_digest(one.digest)})"),
        ("provider", f"{printable(one.provider.name)} ({printable(one.provider.kind)})"),
        ("id", one.id),
        ("there", received(Receipt(remote_id=one.remote.id, remote_version=one.remote.version))),
        ("drift", drift_text(one)),
        ("verified", "never" if one.verified_at is None else ago(one.verified_at, now=now)),
        ("installed", ago(one.at, now=now)),
        ("by run", one.run_id),
    ]
    if one.active_run_id is not None:
        pairs.append(("at work", one.active_run_id))
    return Group(facts(pairs), *_trouble(one), *_usage(one))


def findings(items: Sequence[Installation]) -> str:
    """What a verification found, counted."""
    counts = Counter(one.drift for one in items)
    found = [f"{count} {FOUND.get(drift, printable(drift))}" for drift, count in counts.items()]
    return f"{counted(len(items), 'installation')} verified: {', '.join(found)}."


def repair(one: Installation) -> str:
    """The command that puts back what is gone or was replaced."""
    return f"waybill install {printable(one.skill.name)}@{one.version} --on {printable(one.provider.name)} --wait"


def drift_text(one: Installation) -> Text:
    """That nobody was asked is no good news."""
    if one.drift == "none" and one.verified_at is None:
        return Text("· none", style="dim")
    return status_text(one.drift)


def _note(one: Installation) -> str:
    notes = [printable(one.code)] if one.code else []
    if one.active_run_id is not None:
        notes.append("a run is at work")
    return ", ".join(notes)


def _trouble(one: Installation) -> list[RenderableType]:
    if one.drift not in TROUBLES:
        return []
    lines = [Text(), Text(TROUBLES[one.drift].format(provider=printable(one.provider.name)))]
    if one.code is not None:
        said = f": {printable(one.message)}" if one.message else ""
        lines.append(Text(f"{printable(one.code)}{said}"))
        lines += [Text(advice)] if (advice := advice_for(one.code)) else []
    return list(lines)


def _usage(one: Installation) -> list[RenderableType]:
    """Line by line as it came and never folded, since it is there to be copied."""
    if not one.usage:
        return []
    lines = [Text(_unobeyed(line), no_wrap=True, overflow="ignore") for line in one.usage.splitlines()]
    return [Text(), Text("How to use it:", style="dim"), *lines]


def _unobeyed(line: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
