"""A filter that says nothing, or not clearly what it means, is refused instead of being passed over."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final, get_args, get_type_hints

import httpx2
import msgspec
import pytest

from adapters.http.app import GUARDED
from adapters.http.operations import OPERATION
from queries.filtering import FILTER_CHARS_MAX, Moment, Search
from queries.paging import CURSOR_CHARS_MAX, PageQuery
from tests.adapters.http.bare import bare_app
from tests.adapters.http.serving import listening, open_client
from tests.adapters.http.test_bad_input import is_problem

pytestmark = pytest.mark.anyio

# What a person would look into by a word; the versions of one skill and the events of one run are few.
SEARCHED: Final = {
    "/api/skills",
    "/api/providers",
    "/api/install-runs",
    "/api/installations",
    "/api/audit-log",
    "/api/keys",
}
LISTS: Final[dict[str, type[PageQuery]]] = {
    f"/api{re.sub(r'{run:str}', '0198abcd-0000-7000-8000-000000000000', path).replace('{skill:str}', 'kbo')}": parameters
    for handler in GUARDED
    for path in handler.paths
    if "GET" in handler.http_methods and issubclass(parameters := handler.opt[OPERATION].parameters, PageQuery)
}
PARAMETERS: Final = [
    (path, field.encode_name) for path, query in LISTS.items() for field in msgspec.structs.fields(query)
]


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with listening(bare_app()) as url, open_client(url, "wb_any") as client:
        yield client


async def refused(client: httpx2.AsyncClient, path: str, **query: Any) -> tuple[list[str], str]:
    problem = is_problem(await client.get(path, params=query), status=400, code="bad_request:api")
    return [error["pointer"] for error in problem["errors"]], problem["detail"]


def test_every_list_has_the_search_and_the_times_that_it_should() -> None:
    assert {path for path in LISTS if path in SEARCHED} == SEARCHED
    for path, query in LISTS.items():
        hints = get_type_hints(query, include_extras=True)
        assert ("q" in hints) == (path in SEARCHED)
        assert path not in SEARCHED or Search in get_args(hints["q"])
        assert all(Moment in get_args(hints[name]) for name in ("since", "until") if name in hints)


@pytest.mark.parametrize(("path", "name"), PARAMETERS, ids=lambda value: value)
async def test_a_parameter_without_a_value_is_refused(client: httpx2.AsyncClient, path: str, name: str) -> None:
    (pointer,), _ = await refused(client, path, **{name: ""})
    assert pointer in (f"?{name}", f"?{name}/0")


@pytest.mark.parametrize(("path", "name"), PARAMETERS, ids=lambda value: value)
async def test_a_parameter_that_is_too_long_is_refused(client: httpx2.AsyncClient, path: str, name: str) -> None:
    (pointer,), _ = await refused(client, path, **{name: "9" * (max(FILTER_CHARS_MAX, CURSOR_CHARS_MAX) + 1)})
    assert pointer in (f"?{name}", f"?{name}/0")


@pytest.mark.parametrize("path", sorted(SEARCHED))
async def test_nobody_searches_for_spaces(client: httpx2.AsyncClient, path: str) -> None:
    assert (await refused(client, path, q="  "))[0] == ["?q"]


@pytest.mark.parametrize("path", ["/api/install-runs", "/api/audit-log"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "time", ["2026-11-22T12:00:00", "2026-11-22", "1795000000", "now", "2026-11-22T12:00:00 09:00"]
)
async def test_a_time_needs_its_zone(client: httpx2.AsyncClient, path: str, name: str, time: str) -> None:
    pointers, detail = await refused(client, path, **{name: time})
    assert pointers == [f"?{name}"]
    assert "with its zone: 2026-11-22T12:00:00Z" in detail


@pytest.mark.parametrize("time", ["2026-13-01T00:00:00Z", "2026-11-22T25:00:00+09:00", "2026-02-30T00:00:00Z"])
async def test_a_time_that_never_comes_is_refused(client: httpx2.AsyncClient, time: str) -> None:
    assert (await refused(client, "/api/audit-log", since=time))[0] == ["?since"]


@pytest.mark.parametrize("path", ["/api/install-runs", "/api/audit-log"])
async def test_a_span_ends_after_it_begins(client: httpx2.AsyncClient, path: str) -> None:
    span = {"since": "2026-11-22T12:00:00Z", "until": "2026-11-22T20:59:59+09:00"}
    assert (await refused(client, path, **span))[0] == ["?until"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/install-runs", "status"),
        ("/api/install-runs", "kind"),
        ("/api/install-runs", "code"),
        ("/api/installations", "drift"),
        ("/api/providers", "kind"),
        ("/api/providers", "active"),
        ("/api/audit-log", "action"),
        ("/api/audit-log", "result"),
        ("/api/audit-log", "code"),
        ("/api/keys", "role"),
        ("/api/keys", "status"),
    ],
)
async def test_a_word_that_is_none_is_refused(client: httpx2.AsyncClient, path: str, name: str) -> None:
    (pointer,), _ = await refused(client, path, **{name: "installed.nothing"})
    assert pointer in (f"?{name}", f"?{name}/0")
