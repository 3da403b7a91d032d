"""Whose word is taken for who calls: that of the proxies that the settings name, and nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from adapters.http.app import build_app
from adapters.http.denials import Denials
from commands.record_denial import RecordDenial
from domain.errors import Unauthorized
from domain.events import Actor, Context
from tests.adapters.http.bare import bare_application
from tests.adapters.http.serving import listening, open_client
from tests.kit.waiting import eventually
from workers.http_settings import read_http_settings

pytestmark = pytest.mark.anyio

CALLER: Final = "203.0.113.9"
SPOOFED: Final = "198.51.100.66"


class Recorded:
    """The denials, and what the answers said."""

    def __init__(self) -> None:
        self.denials: list[tuple[RecordDenial, Context]] = []

    async def record(self, denial: RecordDenial, context: Context) -> None:
        self.denials.append((denial, context))

    async def any(self) -> bool:
        return bool(self.denials)


async def refuse(_: str | None) -> Actor:
    raise Unauthorized


@asynccontextmanager
async def behind(proxies: str, recorded: Recorded) -> AsyncIterator[str]:
    denials = Denials(record=recorded.record)
    app = build_app(application=bare_application(), authenticate=refuse, denials=denials, checks=(), version="0.0.0")
    http = read_http_settings({"WAYBILL_TRUSTED_PROXIES": proxies})
    async with listening(app, http=http) as url:
        yield url
    await denials.close()


@pytest.mark.parametrize(
    ("proxies", "headers", "source", "secure"),
    [
        ("", {"X-Forwarded-For": SPOOFED, "X-Forwarded-Proto": "https"}, "127.0.0.1", False),
        ("10.0.0.0/8", {"X-Forwarded-For": SPOOFED, "X-Forwarded-Proto": "https"}, "127.0.0.1", False),
        ("10.0.0.0/8", {"Forwarded": f"for={SPOOFED};proto=https", "X-Real-IP": SPOOFED}, "127.0.0.1", False),
        ("127.0.0.0/8", {"X-Forwarded-For": CALLER, "X-Forwarded-Proto": "https"}, CALLER, True),
        ("127.0.0.1", {"X-Forwarded-For": f"{SPOOFED}, {CALLER}"}, CALLER, False),
        ("127.0.0.1,10.0.0.0/8", {"X-Forwarded-For": f"{SPOOFED}, {CALLER}, 10.1.2.3"}, CALLER, False),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, "127.0.0.1", True),
        ("127.0.0.1", {"X-Forwarded-For": f'{SPOOFED}, "<b>\u00fc'}, "%22%3Cb%3E%C3%BC", False),
    ],
    ids=["none", "another", "other-headers", "trusted", "spoofed", "two-proxies", "no-address", "no-address-at-all"],
)
async def test_only_a_proxy_that_is_named_may_say_who_calls(
    proxies: str, headers: dict[str, str], source: str, *, secure: bool
) -> None:
    recorded = Recorded()
    raw: Any = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    async with behind(proxies, recorded) as url, open_client(url) as client:
        answer = await client.get("/api/skills", headers=raw)
        assert answer.status_code == 401
        assert ("Strict-Transport-Security" in answer.headers) is secure
        await eventually(recorded.any, 5)
    [(denial, context)] = recorded.denials
    assert (denial.source, context.actor.id) == (source, source)
