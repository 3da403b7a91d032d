"""Canaries: keys that can be found again, sent through everything that a key may come through, at every kind of provider."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
from msgspec import Struct, field

from tests.acceptance.conftest import COMMAND
from tests.acceptance.echo import Echo
from tests.kit.strange_environment import strange_environment
from tests.kit.whole import Whole
from workers.settings import CREDENTIALS_FOLDER, unsettled_environment

CANARY: Final = f"Canary{uuid4().hex}"
# Secrets of the machine that nobody has given to Waybill: its key, and a file beside the folder of credentials.
HOST_CANARY: Final = f"Host{uuid4().hex}"
KINDS: Final = {"openai": "/openai/v1", "claude": "/anthropic", "gemini": "/gemini"}
ECHOES: Final = ("json", "text", "header")
REFUSALS: Final = ("verify", "redirect")
MISTAKES: Final[tuple[tuple[int, dict[str, Any]], ...]] = (
    (400, {"name": "mistaken", "kind": "openai", "credential": [CANARY]}),
    (400, {"name": "mistaken", "kind": "openai", "credential": CANARY, "credentials": CANARY}),
    (400, {"name": "mistaken", "kind": CANARY, "credential": CANARY}),
    (422, {"name": "mistaken", "kind": "openai", "credential": f"with space {CANARY}"}),
    (422, {"name": "mistaken", "kind": "openai", "credential": f"env:{CANARY}"}),
    (422, {"name": "mistaken", "kind": "openai", "credential": f"file:../{CANARY}"}),
    (422, {"name": "mistaken", "kind": "openai", "credential": "env:OPENAI_API_KEY"}),
    (422, {"name": "mistaken", "kind": "openai", "credential": "env:WAYBILL_HOST_SECRET"}),
)


class Sent(Struct):
    """Everything that Waybill has said meanwhile, the number of secrets it was given to keep, and what providers heard."""

    whole: Whole
    echo: Echo
    said: list[str] = field(default_factory=list)
    kept: int = 0
    settled: int = 0

    def tell(self, arguments: str, *, secret: str = "", code: int = 0) -> None:
        """A command of a person; the secret is typed."""
        environment = {"WAYBILL_URL": self.whole.lines["Waybill"], "WAYBILL_API_KEY": str(self.whole.key)}
        ended = subprocess.run(
            [*COMMAND, *arguments.split()],
            input=secret,
            env=unsettled_environment() | environment,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert ended.returncode == code, f"{arguments}: {ended}"
        self.said += [ended.stdout, ended.stderr]

    def connect(self, name: str, kind: str, *, credential: str, url: str, active: bool) -> None:
        body = {"name": name, "kind": kind, "credential": credential, "baseUrl": url}
        connected = self.whole.client.post("/api/providers", json=body)
        assert (connected.status_code, connected.json()["active"]) == (201, active), connected.text
        self.kept += not credential.startswith(("env:", "file:"))

    def echoed(self, kind: str, place: str) -> str:
        """The key that comes back there: it does not look like one."""
        return f"Correct-Horse-{CANARY}-{kind}-{place}"


@contextmanager
def canaries_sent(data: Path) -> Iterator[Sent]:
    """Waybill after all of it."""
    folder = data / CREDENTIALS_FOLDER
    folder.mkdir(parents=True)
    (folder / "canary").write_text(f"sk-file-{CANARY}\n")
    data.with_name("host-secret").write_text(HOST_CANARY)
    (folder / "link").symlink_to(data.with_name("host-secret"))
    (folder / "up").symlink_to("..")
    environment = {
        "WAYBILL_CREDENTIAL_CANARY": f"sk-env-{CANARY}",
        "WAYBILL_HOST_SECRET": HOST_CANARY,
        "WAYBILL_LOG_LEVEL": "debug",
        "OPENAI_LOG": "debug",
        "ANTHROPIC_LOG": "debug",
    }
    echo = Echo()
    with echo.standing(), Whole(data, environment=strange_environment() | environment) as whole:
        sent = Sent(whole, echo)

        def note(response: httpx2.Response) -> None:
            response.read()
            sent.said.append(f"{response.headers} {response.text}")

        whole.client.event_hooks = {"response": [note]}
        sent.kept = len(whole.client.get("/api/providers").json()["items"])
        make_mistakes(whole)
        for kind, path in KINDS.items():
            connect_everything(sent, kind, sandbox=f"{whole.lines['Sandbox']}{path}")
            install_everywhere(sent, kind)
            change_everything(sent, kind)
        look_everywhere(sent)
        yield sent


def make_mistakes(whole: Whole) -> None:
    for status, body in MISTAKES:
        assert whole.client.post("/api/providers", json=body).status_code == status, body
    for method in ("GET", "POST"):
        for key in (f"sk-{CANARY}", f"wb_{CANARY.lower()}_x", CANARY):
            headers = {"Authorization": f"Bearer {key}"}
            assert whole.client.request(method, "/api/providers", headers=headers).status_code == 401


def connect_everything(sent: Sent, kind: str, *, sandbox: str) -> None:
    sent.connect(f"{kind}-given", kind, credential=f"sk-given-{CANARY}", url=sandbox, active=True)
    sent.connect(f"{kind}-variable", kind, credential="env:WAYBILL_CREDENTIAL_CANARY", url=sandbox, active=True)
    sent.connect(f"{kind}-file", kind, credential="file:canary", url=sandbox, active=True)
    sent.connect(f"{kind}-noscope", kind, credential=f"sk-noscope-{CANARY}", url=sandbox, active=False)
    for place in (*ECHOES, *REFUSALS):
        url, key = sent.echo.url(kind, place), sent.echoed(kind, place)
        sent.connect(f"{kind}-{place}", kind, credential=key, url=url, active=place in ECHOES)
    for name in ("link", "up"):
        url = sent.echo.url(kind, "json")
        sent.connect(f"{kind}-{name}", kind, credential=f"file:{name}", url=url, active=False)


def install_everywhere(sent: Sent, kind: str) -> None:
    works = {f"{kind}-{source}" for source in ("given", "variable", "file")}
    providers = (*sorted(works), *(f"{kind}-{place}" for place in ECHOES))
    queued = sent.whole.queue("plain-english", providers=providers, attemptsMax=2, backoffSeconds=0.1)
    run = sent.whole.finished(queued)
    targets = {target["provider"]["name"]: target for target in run["targets"]}
    assert {name for name, target in targets.items() if target["status"] == "success"} == works, targets
    for place in ("json", "text"):
        assert "[redacted]" in targets[f"{kind}-{place}"]["message"], targets
    sent.settled += sum(target["attempts"] for target in targets.values())
    for path in ("", "/history?limit=200"):
        assert sent.whole.client.get(f"/api/install-runs/{run['id']}{path}").status_code == 200
    sent.tell(f"runs show {run['id']}")
    sent.tell(f"history {run['id']} --json")


def change_everything(sent: Sent, kind: str) -> None:
    """As a person does it; a program's answers are the same document."""
    refusing, given = f"{kind}-verify", f"{kind}-given"
    changed = {"credential": f"sk-changed-{CANARY}", "concurrencyMax": 5}
    assert sent.whole.client.patch(f"/api/providers/{given}", json=changed).json()["active"]
    both = {"credential": CANARY, "name": CANARY}
    assert sent.whole.client.patch(f"/api/providers/{given}", json=both).status_code == 400
    sent.tell(f"providers change {refusing} --credential-stdin", secret=sent.echoed(kind, "changed"), code=5)
    connect = (
        f"providers connect {kind}-typed --kind {kind} --credential-stdin --base-url {sent.echo.url(kind, 'verify')}"
    )
    sent.tell(connect, secret=sent.echoed(kind, "typed"), code=5)
    sent.kept += 3
    sent.tell(f"providers verify {refusing} --json", code=5)
    sent.tell(f"providers show {refusing}")


def look_everywhere(sent: Sent) -> None:
    client = sent.whole.client
    paths = ["/readyz", "/livez", "/openapi.json"]
    paths += [f"/api/{name}?limit=200" for name in ("skills", "providers", "install-runs", "audit-log")]
    providers = client.get("/api/providers?limit=200").json()["items"]
    paths += [f"/api/providers/{provider['id']}" for provider in providers]
    for path in paths:
        assert client.get(path).status_code == 200
    for arguments in ("providers list", "providers list --json", "audit list --json", "runs list"):
        sent.tell(arguments)
    refused = {provider["name"]: provider["verification"] for provider in providers}
    for kind in KINDS:
        assert "[redacted]" in refused[f"{kind}-verify"]["message"]
        for name in ("link", "up"):
            assert refused[f"{kind}-{name}"]["code"] == "misconfigured:provider"
