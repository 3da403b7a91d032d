"""A route that nobody thought of is closed: the test that walks them finds it, and the server asks for a key all the same."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, WebSocket, asgi, delete, get, post, websocket
from litestar.types import Message, Receive, Scope, Send

from adapters.http.authentication import Authentication, Requires
from adapters.http.denials import Denials
from adapters.http.edge import Edge
from adapters.http.errors import handle_error
from adapters.http.guarded_paths import guarded_paths
from adapters.http.key_checks import KeyChecks
from adapters.http.operations import Operation, described
from domain.errors import Unauthorized
from domain.events import Actor, Role
from tests.adapters.http.bare import forget
from tests.adapters.http.doors import open_doors
from tests.adapters.http.serving import ask, listening, open_client

pytestmark = pytest.mark.anyio


def operation(*, public: bool = False) -> dict[str, Any]:
    return described(Operation(id="it", summary="It", answers={}, public=public))


@get("/open", opt=operation(public=True))
async def show_open() -> str:
    return "open"


@get("/open/{name:str}", opt=operation(public=True))
async def show_open_part() -> str:
    return "part"


@get("/metrics", guards=[Requires(Role.VIEWER)], opt=operation())
async def show_guarded() -> str:
    return "guarded"


@get("/forgotten", opt=operation())
async def show_forgotten() -> str:
    return "forgotten"


@get("/unsaid")
async def show_unsaid() -> str:
    return "unsaid"


@get("/twice", guards=[Requires(Role.VIEWER), Requires(Role.ADMIN)], opt=operation())
async def show_twice() -> str:
    return "twice"


@get("/both", guards=[Requires(Role.VIEWER)], opt=operation(public=True))
async def show_both() -> str:
    return "both"


@get("/half", opt=operation(public=True))
async def show_half() -> str:
    return "half"


@delete("/half", guards=[Requires(Role.ADMIN)], opt=operation())
async def delete_half() -> None:
    """Public for those who read alone, which no path may be."""


@post("/posted", opt=operation(public=True))
async def take_posted() -> str:
    return "posted"


@get("/api/open", opt=operation(public=True))
async def show_inside() -> str:
    return "inside"


@websocket("/socket")
async def talk(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()


@asgi("/mounted", is_mount=True, copy_scope=True)
async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"mounted", "more_body": False})


async def refuse(_: str | None) -> Actor:
    raise Unauthorized


ALL: tuple[Any, ...] = (
    show_open,
    show_open_part,
    show_guarded,
    show_forgotten,
    show_unsaid,
    show_twice,
    show_both,
    show_half,
    delete_half,
    take_posted,
    show_inside,
    talk,
    mounted,
)


def router(*handlers: Any) -> Litestar:
    return Litestar(
        handlers, exception_handlers={Exception: handle_error}, openapi_config=None, logging_config=None, debug=False
    )


@pytest.fixture(scope="module")
async def url(anyio_backend: str) -> AsyncIterator[str]:
    """Where nobody's key is right."""
    inner = router(*ALL)
    guarded = Authentication(
        inner,
        keys=KeyChecks(refuse),
        rate=None,
        denials=Denials(record=forget),
        is_guarded=guarded_paths(inner),
    )
    async with listening(Edge(guarded, methods={})) as served:
        yield served


@pytest.mark.parametrize(
    ("handler", "wrong"),
    [
        (show_open, []),
        (show_guarded, []),
        (show_forgotten, ["/forgotten: it needs exactly one role"]),
        (show_unsaid, ["/unsaid: it says nothing of itself"]),
        (show_twice, ["/twice: it needs exactly one role"]),
        (show_both, ["/both: it is public and guarded"]),
        (show_inside, ["/api/open: nothing under /api is public"]),
        (talk, ["/socket: nobody guards a WebSocketRoute"]),
        (mounted, ["/mounted: nobody guards a ASGIRoute"]),
    ],
    ids=["open", "guarded", "forgotten", "unsaid", "twice", "both", "inside", "websocket", "mounted"],
)
def test_a_route_that_nobody_guards_is_found(handler: Any, wrong: list[str]) -> None:
    assert open_doors(router(handler)) == wrong


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/open", 200),
        ("/open/", 200),
        ("//open", 200),
        ("/open/part", 200),
        ("/nowhere", 404),
        ("/open/part/nowhere", 404),
        ("/apis", 404),
        ("/metrics", 401),
        ("/metrics/", 401),
        ("//metrics", 401),
        ("/metrics//", 401),
        ("/%6detrics", 401),
        ("/metrics/nowhere", 404),
        ("/forgotten", 401),
        ("/unsaid", 401),
        ("/twice", 401),
        ("/half", 401),
        ("/posted", 405),
        ("/mounted", 401),
        ("/mounted/anything/below", 401),
        ("/socket", 401),
        ("/api", 401),
        ("/api/open", 401),
        ("//api/open", 401),
        ("//api//nowhere", 401),
        ("/api/nowhere", 401),
    ],
)
async def test_without_a_key_only_what_is_public_answers(url: str, path: str, status: int) -> None:
    assert (await ask(url + path)).status_code == status


async def test_what_is_public_and_only_sent_to_answers_too(url: str) -> None:
    async with open_client(url) as client:
        assert (await client.post("/posted")).text == "posted"


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "POST", "TRACE", "PROPFIND"])
async def test_no_method_opens_what_another_does_not(url: str, method: str) -> None:
    async with open_client(url) as client:
        for path in ("/metrics", "/forgotten", "/mounted/x", "/half", "/api/open", "/api/nowhere"):
            assert (await client.request(method, path)).status_code == 401, path


async def test_no_websocket_is_ever_accepted() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope: Any = {"type": "websocket", "path": "/socket", "headers": [], "query_string": b"", "client": None}
    await Edge(router(talk), methods={})(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
