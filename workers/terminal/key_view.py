"""API keys as people read them."""

from datetime import datetime
from typing import Final

from workers.terminal.answers import ApiKey, Named
from workers.terminal.grid import Cell, Grid, facts
from workers.terminal.wording import age, ago, moment, printable, status_text

HEADERS: Final = ("ID", "ROLE", "STATUS", "LAST USED", "EXPIRES (UTC)", "NAME")


def keys_grid(items: list[ApiKey], *, now: datetime) -> Grid:
    rows = [
        (
            printable(key.id),
            printable(key.role),
            status_text(key.status),
            "never" if key.last_used_at is None else f"{age(key.last_used_at, now=now)} ago",
            "never" if key.expires_at is None else moment(key.expires_at),
            printable(key.name),
        )
        for key in items
    ]
    return Grid(HEADERS, rows)


def key_page(key: ApiKey, *, now: datetime) -> Grid:
    pairs: list[tuple[str, Cell]] = [
        ("key", printable(key.id)),
        ("name", printable(key.name)),
        ("role", printable(key.role)),
        ("status", status_text(key.status)),
        ("issued", _done(key.created_at, key.created_by, now=now)),
        ("last used", "never" if key.last_used_at is None else ago(key.last_used_at, now=now)),
        ("expires", "never" if key.expires_at is None else f"{moment(key.expires_at)} UTC"),
    ]
    if key.revoked_at is not None and key.revoked_by is not None:
        pairs.append(("revoked", _done(key.revoked_at, key.revoked_by, now=now)))
    return facts(pairs)


def _done(at: datetime, by: Named, *, now: datetime) -> str:
    return f"{ago(at, now=now)} by {printable(by.name)} ({printable(by.id)})"
