"""One request and answer for every case of the contract, as the running API has them."""

from collections.abc import Mapping
from typing import Any, Final

import httpx2

from adapters.http.requests import BODY_BYTES_MAX
from domain.access.events import AccessDenied
from domain.events import Role
from domain.skill.bundle import FILES_MAX
from tests.adapters.http.forms import CONTENT_TYPE, file, form
from tests.adapters.http.serving import Api, skill_files
from tests.kit.sandboxed import Served
from tests.kit.waiting import eventually

HEADERS: Final = (
    "Content-Type",
    "Location",
    "Allow",
    "ETag",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "Idempotency-Replayed",
)
OPENAI: Final = "https://api.openai.com/v1"
NOBODY: Final = "00000000-0000-4000-8000-000000000000"
PROVIDER: Final = {"kind": "openai", "name": "openai", "credential": "sk-proj-made-up"}
RUN: Final = {"skill": "kbo-results", "providers": ["openai"]}

Json = dict[str, Any]


class Exchanges:
    """Asks, and keeps what was said; `written` stands in for a body that is too large to keep."""

    def __init__(self) -> None:
        self.all: dict[str, Json] = {}

    async def ask(
        self,
        name: str,
        client: httpx2.AsyncClient,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        written: Any = None,
    ) -> Any:
        sent = (
            {"Content-Type": "application/json"}
            if headers is None and method in {"POST", "PUT", "PATCH"}
            else dict(headers or {})
        )
        answer = await client.request(method, path, json=body, content=content, headers=sent)
        if "Authorization" in client.headers:
            sent["Authorization"] = "Bearer wb_..."
        shown = written or (content.decode() if content is not None else body)
        self.all[name] = {
            "request": {"method": method, "path": path, "headers": sent, "body": shown},
            "response": {
                "status": answer.status_code,
                "headers": {header: answer.headers[header] for header in HEADERS if header in answer.headers},
                "body": answer.json() if answer.content else None,
            },
        }
        return answer.json() if answer.content else None


async def exchange_everything(say: Exchanges, api: Api, sandbox: Served) -> None:
    """All that a database and a provider are needed for."""
    await _skills(say, api)
    await _providers(say, api, sandbox)
    await _runs(say, api)
    await _preflight(say, api)
    await _refused_runs(say, api)
    await _installations(say, api, sandbox)
    await _requests(say, api)
    await _audit(say, api)


async def _skills(say: Exchanges, api: Api) -> None:
    post = ("POST", "/api/skills")
    await say.ask("skills.register.created", api.admin, *post, body=skill_files())
    await say.ask("skills.register.unchanged", api.admin, *post, body=skill_files())
    next_version = skill_files(description="Tells how KBO games ended, with the line score.")
    await say.ask("skills.register.next-version", api.admin, *post, body=next_version)
    invalid = {"files": [{"path": "readme.md", "content": "# KBO"}, {"path": "../run.sh", "content": "true"}]}
    await say.ask("skills.register.invalid", api.admin, *post, body=invalid)
    many = {"files": [{"path": f"{number}.md", "content": ""} for number in range(FILES_MAX + 1)]}
    await say.ask("skills.register.too-large", api.admin, *post, body=many, written=f"{FILES_MAX + 1} files")
    await _sources(say, api)
    await _used_and_archived(say, api)
    await say.ask("skills.list", api.admin, "GET", "/api/skills?limit=1&q=kbo")
    await say.ask("skills.get", api.admin, "GET", "/api/skills/kbo-results")
    await say.ask("skills.get.not-found", api.admin, "GET", "/api/skills/nobody")
    await say.ask("skills.versions.list", api.admin, "GET", "/api/skills/kbo-results/versions?limit=1")
    await say.ask("skills.versions.list.not-found", api.admin, "GET", "/api/skills/nobody/versions")
    await say.ask("skills.bundle.not-found", api.admin, "GET", "/api/skills/kbo-results/versions/v9/bundle")


async def _sources(say: Exchanges, api: Api) -> None:
    post, typed = ("POST", "/api/skills"), {"Content-Type": CONTENT_TYPE}
    text = skill_files("line-up", "Tells who plays today.")["files"][0]["content"].encode()
    uploaded = form(file("line-up/SKILL.md", text), file("line-up/references/teams.md", "# 구단\n".encode()))
    await say.ask("skills.register.files", api.admin, *post, content=uploaded, headers=typed)
    archive = form(file("line-up.zip", b"no zip", name="archive"))
    await say.ask("skills.register.broken-archive", api.admin, *post, content=archive, headers=typed)
    cut_off = form(file("SKILL.md", text))[:-4]
    await say.ask("skills.register.malformed-form", api.admin, *post, content=cut_off, headers=typed)
    git = {"url": "https://git.example/team/skills", "ref": "main", "path": "skills/line-up"}
    await say.ask("skills.register.git-offline", api.admin, *post, body={"git": git})
    inner = {"url": "https://127.0.0.1/team/skills"}
    await say.ask("skills.register.git-refused", api.admin, *post, body={"git": inner})
    both = skill_files() | {"git": git}
    await say.ask("skills.register.two-sources", api.admin, *post, body=both)


async def _used_and_archived(say: Exchanges, api: Api) -> None:
    """In the end `kbo-results` is in use again, with the label `stable`."""
    stable, archive = "/api/skills/kbo-results/labels/stable", "/api/skills/kbo-results/archive"
    await say.ask("skills.label.put", api.admin, "PUT", stable, body={"version": 1})
    await say.ask("skills.label.unknown-version", api.admin, "PUT", stable, body={"version": "v9"})
    latest = "/api/skills/kbo-results/labels/latest"
    await say.ask("skills.label.refused", api.admin, "PUT", latest, body={"version": 1})
    await say.ask("skills.archive.archived", api.admin, "POST", archive)
    await say.ask("skills.register.archived", api.admin, "POST", "/api/skills", body=skill_files())
    await say.ask("skills.list.archived", api.admin, "GET", "/api/skills?archived=true")
    await say.ask("skills.archive.undone", api.admin, "DELETE", archive)


async def _providers(say: Exchanges, api: Api, sandbox: Served) -> None:
    post = ("POST", "/api/providers")
    await say.ask("providers.connect.verified", api.admin, *post, body=PROVIDER | {"project": "proj_kbo"})
    await sandbox.fault("status", operation="list", status=401)
    await say.ask("providers.connect.unverified", api.admin, *post, body=PROVIDER | {"name": "openai-old"})
    await say.ask("providers.connect.name-taken", api.admin, *post, body=PROVIDER)
    refused = PROVIDER | {"name": "openai-2", "credential": "env:PATH"}
    await say.ask("providers.connect.credential-refused", api.admin, *post, body=refused)
    await say.ask("providers.connect.unknown-kind", api.admin, *post, body=PROVIDER | {"kind": "mistral"})
    await say.ask("providers.list", api.admin, "GET", "/api/providers")
    await say.ask("providers.get", api.admin, "GET", "/api/providers/openai")
    await say.ask("providers.get.not-found", api.admin, "GET", "/api/providers/nobody")
    await _changed_providers(say, api, sandbox)


async def _changed_providers(say: Exchanges, api: Api, sandbox: Served) -> None:
    """In the end `openai` is in use and `openai-old` is not, as before."""
    new, old = ("PATCH", "/api/providers/openai"), ("PATCH", "/api/providers/openai-old")
    await say.ask("providers.change.places", api.admin, *new, body={"concurrencyMax": 8})
    await say.ask("providers.change.verified", api.admin, *new, body={"credential": "sk-proj-new", "project": None})
    await sandbox.fault("status", operation="list", status=403)
    await say.ask("providers.change.unverified", api.admin, *old, body={"credential": "sk-proj-old"})
    await say.ask("providers.change.deactivated", api.admin, *old, body={"active": False})
    await say.ask("providers.change.address-alone", api.admin, *new, body={"baseUrl": "https://proxy.example/v1"})
    await say.ask("providers.change.name", api.admin, *new, body={"name": "openai-2"})
    await say.ask("providers.change.nothing", api.admin, *new, body={})
    await say.ask("providers.change.credential-refused", api.admin, *new, body={"credential": "file:../key"})
    await say.ask("providers.change.not-found", api.admin, "PATCH", "/api/providers/nobody", body={"active": True})
    await sandbox.fault("status", operation="list", status=503)
    await say.ask("providers.verify.failed", api.admin, "POST", "/api/providers/openai/verify")
    await say.ask("providers.verify.verified", api.admin, "POST", "/api/providers/openai/verify")
    await say.ask("providers.verify.not-found", api.admin, "POST", "/api/providers/nobody/verify")


async def _runs(say: Exchanges, api: Api) -> None:
    operator, post = api.clients[Role.OPERATOR], ("POST", "/api/install-runs")
    run = await say.ask("install-runs.queue.queued", operator, *post, body=RUN | {"ref": "latest"})
    path = f"/api/install-runs/{run['id']}"
    await say.ask("install-runs.get.queued", operator, "GET", path)
    await say.ask("install-runs.queue.reused", operator, *post, body=RUN)
    await say.ask("install-runs.queue.conflict", operator, *post, body=RUN | {"onDuplicate": "reject"})
    attempt_id = await api.begin(run)
    await say.ask("install-runs.get.running", operator, "GET", path)
    await api.succeed(run, attempt_id=attempt_id)
    await say.ask("install-runs.get.success", operator, "GET", path)
    await say.ask("install-runs.history", operator, "GET", f"{path}/history")
    failed = await api.queue("kbo-results", "openai")
    await api.fail(failed)
    await say.ask("install-runs.get.failed", operator, "GET", f"/api/install-runs/{failed['id']}")
    await api.connect("openai-eu", kind="openai")
    partial = await api.queue("kbo-results", "openai", "openai-eu")
    await api.succeed(partial)
    await api.fail(partial, target=1)
    await say.ask("install-runs.get.partial-failed", operator, "GET", f"/api/install-runs/{partial['id']}")
    await say.ask("install-runs.list", operator, "GET", "/api/install-runs?status=failed&status=partial_failed&limit=1")
    await say.ask("install-runs.get.not-found", operator, "GET", f"/api/install-runs/{NOBODY}")
    await say.ask("install-runs.history.not-found", operator, "GET", f"/api/install-runs/{NOBODY}/history")


async def _preflight(say: Exchanges, api: Api) -> None:
    """OpenAI takes one SKILL.md, and `openai-old` is not active."""
    operator, post = api.clients[Role.OPERATOR], ("POST", "/api/install-runs")
    nested = skill_files("line-score")
    nested["files"].append({"path": "examples/SKILL.md", "content": "# An example\n"})
    await api.admin.post("/api/skills", json=nested)
    asked = {"skill": "line-score", "providers": ["openai", "openai-old"], "dryRun": True}
    await say.ask("install-runs.queue.dry-run", operator, *post, body=asked)
    await say.ask("install-runs.queue.dry-run-accepted", operator, *post, body=RUN | {"dryRun": True})
    refused = {"skill": "line-score", "providers": ["openai"]}
    await say.ask("install-runs.queue.refused", operator, *post, body=refused)
    await say.ask("install-runs.list.by-code", operator, "GET", "/api/install-runs?code=invalid_skill:provider&limit=1")


async def _refused_runs(say: Exchanges, api: Api) -> None:
    operator, post = api.clients[Role.OPERATOR], ("POST", "/api/install-runs")
    for name, body in {
        "unknown-skill": RUN | {"skill": "nobody"},
        "unknown-version": RUN | {"ref": "v9"},
        "unknown-provider": RUN | {"providers": ["nobody"]},
        "inactive-provider": RUN | {"providers": ["openai-old"]},
        "no-provider": RUN | {"providers": []},
        "unknown-provider-in-a-dry-run": RUN | {"providers": ["nobody"], "dryRun": True},
    }.items():
        await say.ask(f"install-runs.queue.{name}", operator, *post, body=body)


async def _installations(say: Exchanges, api: Api, sandbox: Served) -> None:
    """Nothing is there at the sandbox of what the runs before told of."""
    operator, path = api.clients[Role.OPERATOR], "/api/installations"
    listed = await say.ask("installations.list", operator, "GET", f"{path}?skill=kbo-results&provider=openai&limit=1")
    one = f"{path}/{listed['items'][0]['id']}"
    await say.ask("installations.get", operator, "GET", one)
    await say.ask("installations.get.not-found", operator, "GET", f"{path}/{NOBODY}")
    verify = ("POST", f"{path}/verify")
    await sandbox.fault("status", operation="get", status=503)
    await say.ask("installations.verify.unknown", operator, *verify, body={"provider": "openai"})
    await say.ask("installations.verify.drift", operator, *verify, body={"skill": "kbo-results", "provider": "openai"})
    await say.ask("installations.verify.page", operator, "POST", f"{path}/verify?limit=1")
    await say.ask("installations.verify.not-found", operator, *verify, body={"installations": [NOBODY]})
    both = {"installations": [NOBODY], "drift": "missing"}
    await say.ask("installations.verify.named-and-filtered", operator, *verify, body=both)
    await say.ask("installations.uninstall.queued", operator, "POST", f"{one}/uninstall")
    await say.ask("installations.uninstall.reused", operator, "POST", f"{one}/uninstall")
    await say.ask("installations.uninstall.not-found", operator, "POST", f"{path}/{NOBODY}/uninstall")


async def _requests(say: Exchanges, api: Api) -> None:
    """What may be wrong with any request."""
    post = ("POST", "/api/install-runs")
    await say.ask("errors.malformed-json", api.admin, *post, content=b'{"skill": "kbo-results"')
    await say.ask("errors.unknown-field", api.admin, *post, body=RUN | {"provider": "openai"})
    await say.ask("errors.wrong-type", api.admin, *post, body=RUN | {"policy": {"attemptTimeoutSeconds": "60"}})
    await say.ask("errors.missing-body", api.admin, *post)
    await say.ask("errors.unknown-filter-value", api.admin, "GET", "/api/install-runs?code=too_large")
    await say.ask("errors.unknown-parameter", api.admin, "GET", "/api/skills?page=2")
    await say.ask(
        "errors.unsupported", api.admin, *post, content=b"skill=kbo-results", headers={"Content-Type": "text/plain"}
    )
    large = b" " * (BODY_BYTES_MAX + 1)
    await say.ask("errors.too-large", api.admin, *post, content=large, written=f"{len(large)} bytes")
    await say.ask("errors.not-found", api.admin, "GET", "/api/skill")
    await say.ask("errors.not-allowed", api.admin, "DELETE", "/api/skills")
    await say.ask("errors.unauthorized", api.anonymous, "GET", "/api/skills")
    await say.ask("errors.forbidden", api.clients[Role.VIEWER], "POST", "/api/skills", body=skill_files())


async def _audit(say: Exchanges, api: Api) -> None:
    async def denial_recorded() -> bool:
        return any(
            isinstance(event.event, AccessDenied) and event.event.source == "viewer" for event in await api.events()
        )

    await eventually(denial_recorded, 5)
    await say.ask("audit-log.list", api.admin, "GET", "/api/audit-log?target=skill:kbo-results")
    await say.ask("audit-log.denied", api.admin, "GET", "/api/audit-log?result=denied&actor=viewer")
