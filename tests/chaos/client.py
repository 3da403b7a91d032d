"""The one who asks: runs over HTTP, with every answer remembered, since what was accepted must come to an end."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx2
import msgspec
from msgspec import Struct

from tests.kit.waiting import wait_until

KINDS: Final = ("openai", "claude", "gemini")
ANSWER_SECONDS: Final = 30.0
# How long a client goes on asking with the same key before it gives up on the server.
ASKING_SECONDS: Final = 60.0
CLIENTS: Final = 8
# Waits are short here, so that a scenario shows in seconds what takes minutes elsewhere.
QUICK: Final[Mapping[str, Any]] = {
    "attemptsMax": 20,
    "backoffSeconds": 0.2,
    "backoffMaxSeconds": 1,
    "attemptTimeoutSeconds": 3,
    "startTimeoutSeconds": 120,
    "runTimeoutSeconds": 180,
}

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


class Asked(Struct, frozen=True, kw_only=True):
    """A request for a run, and the run that was answered."""

    run_id: UUID
    status: int
    key: str | None


class Client:
    """Of one API. Safe to be used by many threads."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._key = key
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,
            limits=httpx2.Limits(max_connections=None),
        )
        self._lock = threading.Lock()
        self.asked: list[Asked] = []

    def close(self) -> None:
        self._http.close()

    def ready(self) -> bool:
        try:
            response = self._http.get("/readyz")
        except httpx2.TransportError:
            return False
        return response.status_code == httpx2.codes.OK and response.json()["status"] == "ready"

    def request(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> httpx2.Response:
        """Whatever is answered. Raises httpx2.TransportError."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._http.request(method, path, json=body, headers=headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> dict[str, Any]:
        response = self.request("POST", path, body, key=key)
        assert response.is_success, f"POST {path}: {response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    def get(self, path: str) -> dict[str, Any]:
        response = self._http.get(path)
        assert response.is_success, f"GET {path}: {response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    def register(self, name: str, *, body: str = "Do it well.") -> None:
        content = f"---\nname: {name}\ndescription: A skill of the chaos tests.\n---\n{body}\n"
        self.post("/api/skills", {"files": [{"path": "SKILL.md", "content": content}]})

    def ask(self, path: str, body: Any = None, *, key: str | None = None) -> httpx2.Response:
        """Ask for a run, and remember the one that is answered."""
        response = self.request("POST", path, body, key=key)
        if response.is_success:
            asked = Asked(run_id=UUID(response.json()["id"]), status=response.status_code, key=key)
            with self._lock:
                self.asked.append(asked)
        return response

    def install(
        self,
        skill: str,
        *,
        on: Sequence[str] = KINDS,
        policy: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> UUID:
        """The run; asked for until there is an answer, as a client with a key may."""
        body = {"skill": skill, "providers": list(on), "policy": {**QUICK, **(policy or {})}}
        answered: list[httpx2.Response] = []

        def answer() -> bool:
            try:
                response = self.ask("/api/install-runs", body, key=key)
            except httpx2.TransportError:
                return False
            if response.status_code in (httpx2.codes.SERVICE_UNAVAILABLE, httpx2.codes.BAD_GATEWAY):
                return False
            answered.append(response)
            return True

        wait_until(answer, ASKING_SECONDS)
        assert answered[0].is_success, answered[0].text
        return UUID(answered[0].json()["id"])

    def written(self, path: str, body: Any, *, key: str) -> bytes:
        """The request as it goes over the line."""
        content = msgspec.json.encode(body)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: waybill\r\nAuthorization: Bearer {self._key}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    def run(self, run_id: UUID) -> dict[str, Any]:
        return self.get(f"/api/install-runs/{run_id}")


def at_once(do: Callable[[Thing], Answer], things: Iterable[Thing], *, clients: int = CLIENTS) -> list[Answer]:
    """The same for many, by several clients at a time."""
    with ThreadPoolExecutor(clients) as threads:
        return list(threads.map(do, things))
