"""A front end as one would write it from the contract alone: plain HTTP, long polls, and a stream that comes again."""

import json
import os
from collections.abc import Iterator
from itertools import count
from typing import Any, Final, Self

import httpx2

TIMEOUT_SECONDS: Final = 40.0
WAIT_SECONDS: Final = 10
# A run is polled until it has ended, but not for ever.
POLLS_MAX: Final = 30
MESSAGES_MAX: Final = 200
_NUMBERS: Final = count(1)

Json = dict[str, Any]


class FrontEnd:
    """One person's browser tab, with that person's key."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx2.Client(base_url=f"{url}/api", headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """`headers` with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.request(method, path, json=body, headers=named)

    def get(self, path: str) -> Json:
        return said(self.ask("GET", path), 200)

    def post(self, path: str, body: object = None, **headers: str) -> Json:
        answer = self.ask("POST", path, body, **headers)
        assert answer.status_code in (200, 201, 202), answer.text
        document: Json = answer.json()
        return document

    def register(self, name: str, text: str = "A thing.") -> Json:
        content = f"---\nname: {name}\ndescription: Does a thing.\n---\n\n{text}\n"
        return self.post("/skills", {"files": [{"path": "SKILL.md", "content": content}]})

    def install(self, skill: str, *providers: str, **more: object) -> Json:
        return self.post("/install-runs", {"skill": skill, "providers": providers} | more)

    def follow(self, run: str) -> list[Json]:
        """What a page would have shown, one after the other, by long polls; the last one is how the run ended."""
        shown: list[Json] = []
        etag = ""
        for _ in range(POLLS_MAX):
            answer = self.ask("GET", f"/install-runs/{run}?wait={WAIT_SECONDS}", If_None_Match=etag or '"none"')
            if answer.status_code == 304:
                continue
            shown.append(said(answer, 200))
            etag = answer.headers["ETag"]
            if shown[-1]["finishedAt"] is not None:
                return shown
        raise AssertionError(f"the run has not ended: {shown[-1:]}")

    def ended(self, run: str) -> Json:
        return self.follow(run)[-1]

    def messages(self, path: str, *, after: str | None = None) -> Iterator[Json]:
        """Those of a stream: `{id, event, data}`, until the server ends it or who reads has enough."""
        headers = {} if after is None else {"Last-Event-ID": after}
        with self._client.stream("GET", path, headers=headers) as stream:
            assert stream.status_code == 200
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            message: Json = {}
            for line in stream.iter_lines():
                field, _, value = line.partition(":")
                if field in ("id", "event"):
                    message[field] = value.strip()
                elif field == "data":
                    message["data"] = json.loads(value)
                elif not line and "data" in message:
                    yield message
                    message = {}


def said(answer: httpx2.Response, status: int) -> Json:
    assert answer.status_code == status, answer.text
    document: Json = answer.json()
    return document


def new_name() -> str:
    """Of a skill that nobody has registered yet."""
    return f"qa-{os.getpid()}-{next(_NUMBERS)}"


def by_provider(run: Json, field: str = "status") -> dict[str, Any]:
    return {target["provider"]["name"]: target[field] for target in run["targets"]}
