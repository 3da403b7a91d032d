"""Everything that can be wrong with a request, and how it is answered."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from adapters.http.requests import BODY_BYTES_MAX
from domain.skill.bundle import FILE_BYTES_MAX, FILES_MAX
from tests.adapters.http.serving import skill_files

JSON: Final = {"Content-Type": "application/json"}
SKILL: Final = skill_files("good")
PROVIDER: Final = {"kind": "noop", "name": "good", "credential": "sk-made-up"}
RUN: Final = {"skill": "stays", "providers": ["stays"]}


class Case(Struct, frozen=True, kw_only=True):
    """`headers` are those of JSON unless given; `pointers` those of `errors`, in order."""

    name: str
    path: str
    status: int
    code: str
    method: str = "POST"
    body: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] | None = None
    pointers: tuple[str, ...] = ()


def malformed(name: str, path: str, content: bytes, **more: Any) -> Case:
    return Case(name=name, path=path, content=content, status=400, code="bad_request:api", **more)


def misfit(name: str, path: str, body: Any, *pointers: str) -> Case:
    return Case(name=name, path=path, body=body, status=400, code="bad_request:api", pointers=pointers)


def asked(path: str, *pointers: str) -> Case:
    return Case(name=path, method="GET", path=path, status=400, code="bad_request:api", pointers=pointers)


def refused(name: str, path: str, body: Any, answer: str, *pointers: str) -> Case:
    """`answer` is a status and a code."""
    status, code = answer.split()
    return Case(name=name, path=path, body=body, status=int(status), code=code, pointers=pointers)


def unknown(path: str, code: str) -> Case:
    return Case(name=path, method="GET", path=path, status=404, code=code)


def skill_of(*files: dict[str, Any]) -> dict[str, Any]:
    return {"files": list(files)}


BODIES: Final = (
    malformed("cut off", "/api/skills", b'{"files": ['),
    malformed("not JSON", "/api/providers", b"kind=openai"),
    malformed("trailing", "/api/install-runs", b'{"skill": "a", "providers": ["b"]} {}'),
    malformed("not UTF-8", "/api/skills", b'{"files": [{"path": "\xff", "content": ""}]}'),
    malformed("half a character", "/api/skills", b'{"files": [{"path": "\\ud800", "content": ""}]}'),
    malformed("byte order mark", "/api/install-runs", b"\xef\xbb\xbf{}"),
    malformed("deep", "/api/install-runs", b"[" * 100_000, pointers=("",)),
    malformed("deep in an unknown field", "/api/install-runs", b'{"x": ' + b"[" * 100_000, pointers=("/x",)),
    malformed("missing", "/api/skills", b""),
    malformed("missing, and of no type", "/api/install-runs", b"", headers={}),
    misfit("a list", "/api/skills", [], ""),
    misfit("null", "/api/providers", None, ""),
    misfit("without a source", "/api/skills", {}, "/files", "/git"),
    misfit("two sources", "/api/skills", SKILL | {"git": {"url": "https://a.example/b"}}, "/files", "/git"),
    misfit("null for a source", "/api/skills", SKILL | {"git": None}, "/git"),
    misfit("a repository without an address", "/api/skills", {"git": {"ref": "main"}}, "/git/url"),
    misfit("an unknown field of a repository", "/api/skills", {"git": {"url": "a", "branch": "b"}}, "/git/branch"),
    misfit("unknown field", "/api/skills", SKILL | {"fils": []}, "/fils"),
    misfit("unknown field inside", "/api/skills", skill_of({"path": "a", "content": "", "mode": 1}), "/files/0/mode"),
    misfit("a slash in an unknown field", "/api/providers", PROVIDER | {"a/b~c": 1}, "/a~1b~0c"),
    misfit("wrong type inside", "/api/skills", skill_of(*SKILL["files"], {"path": 1, "content": ""}), "/files/1/path"),
    misfit(
        "unknown encoding",
        "/api/skills",
        skill_of({"path": "a", "content": "", "encoding": "hex"}),
        "/files/0/encoding",
    ),
    misfit("text for a number", "/api/providers", PROVIDER | {"concurrencyMax": "4"}, "/concurrencyMax"),
    misfit("too many at once", "/api/providers", PROVIDER | {"concurrencyMax": 65}, "/concurrencyMax"),
    misfit("none at once", "/api/providers", PROVIDER | {"concurrencyMax": 0}, "/concurrencyMax"),
    misfit("snake case", "/api/providers", PROVIDER | {"base_url": "https://a.example"}, "/base_url"),
    misfit("an empty name", "/api/providers", PROVIDER | {"name": ""}, "/name"),
    misfit("capitals in a name", "/api/providers", PROVIDER | {"name": "OpenAI"}, "/name"),
    misfit("a long name", "/api/providers", PROVIDER | {"name": "a" * 64}, "/name"),
    misfit("a line break after a name", "/api/providers", PROVIDER | {"name": "good\n"}, "/name"),
    misfit("a header in a project", "/api/providers", PROVIDER | {"project": "a\r\nX-Evil: 1"}, "/project"),
    misfit("an unserved kind", "/api/providers", PROVIDER | {"kind": "claude"}, "/kind"),
    misfit(
        "an address of another machine in clear",
        "/api/providers",
        PROVIDER | {"baseUrl": "http://a.example"},
        "/baseUrl",
    ),
    misfit("an empty address", "/api/providers", PROVIDER | {"baseUrl": ""}, "/baseUrl"),
    misfit("without providers", "/api/install-runs", {"skill": "stays"}, "/providers"),
    misfit("no providers", "/api/install-runs", RUN | {"providers": []}, "/providers"),
    misfit("a provider twice", "/api/install-runs", RUN | {"providers": ["stays", "stays"]}, "/providers"),
    misfit("too many providers", "/api/install-runs", RUN | {"providers": ["stays"] * 21}, "/providers"),
    misfit("an unnamed skill", "/api/install-runs", RUN | {"skill": ""}, "/skill"),
    misfit("an endless ref", "/api/install-runs", RUN | {"ref": "9" * 201}, "/ref"),
    misfit(
        "no time at all",
        "/api/install-runs",
        RUN | {"policy": {"attemptTimeoutSeconds": 0}},
        "/policy/attemptTimeoutSeconds",
    ),
    misfit("an unknown mode", "/api/install-runs", RUN | {"policy": {"mode": "some"}}, "/policy/mode"),
    misfit("an unknown policy", "/api/install-runs", RUN | {"policy": {"retries": 3}}, "/policy/retries"),
    misfit("an unknown way with duplicates", "/api/install-runs", RUN | {"onDuplicate": "ignore"}, "/onDuplicate"),
)
TYPES: Final = tuple(
    Case(name=f"{name} at {path}", path=path, content=b"{}", headers=headers, status=415, code="unsupported:api")
    for path in ("/api/skills", "/api/providers", "/api/install-runs")
    for name, headers in {
        "no type": {},
        "a form": {"Content-Type": "application/x-www-form-urlencoded"},
        "text": {"Content-Type": "text/json"},
        "another JSON": {"Content-Type": "application/json-patch+json"},
        "another character set": {"Content-Type": "application/json; charset=utf-16"},
        "compressed": JSON | {"Content-Encoding": "gzip"},
    }.items()
)
SIZES: Final = (
    Case(
        name="a large body",
        path="/api/providers",
        content=b" " * (BODY_BYTES_MAX + 1),
        status=413,
        code="too_large:api",
    ),
    refused(
        "501 files",
        "/api/skills",
        skill_of(*({"path": f"{n}", "content": ""} for n in range(FILES_MAX + 1))),
        "413 too_large:skills",
        "/files",
    ),
    refused(
        "a large file",
        "/api/skills",
        skill_of({"path": "a", "content": "x" * (FILE_BYTES_MAX + 1)}),
        "413 too_large:skills",
        "/files/0/content",
    ),
)
RULES: Final = (
    refused(
        "no SKILL.md", "/api/skills", skill_of({"path": "a.md", "content": "a"}), "422 unprocessable:skills", "/files"
    ),
    refused("no files", "/api/skills", skill_of(), "422 unprocessable:skills", "/files"),
    refused(
        "no frontmatter",
        "/api/skills",
        skill_of({"path": "SKILL.md", "content": "# A"}),
        "422 unprocessable:skills",
        "/files/0/content",
    ),
    refused(
        "a way out",
        "/api/skills",
        skill_of(*SKILL["files"], {"path": "../a", "content": ""}),
        "422 unprocessable:skills",
        "/files/1/path",
    ),
    refused(
        "not base64",
        "/api/skills",
        skill_of({"path": "SKILL.md", "content": "?", "encoding": "base64"}),
        "422 unprocessable:skills",
        "/files/0/content",
    ),
    refused(
        "a variable of ours",
        "/api/providers",
        PROVIDER | {"credential": "env:PATH"},
        "422 unprocessable:providers",
        "/credential",
    ),
    refused(
        "a file elsewhere",
        "/api/providers",
        PROVIDER | {"credential": "file:../secret"},
        "422 unprocessable:providers",
        "/credential",
    ),
    refused("no secret", "/api/providers", PROVIDER | {"credential": ""}, "422 unprocessable:providers", "/credential"),
    refused("a name that is taken", "/api/providers", PROVIDER | {"name": "stays"}, "409 conflict:providers"),
    refused("an unknown skill", "/api/install-runs", RUN | {"skill": "nobody"}, "404 not_found:skills"),
    refused("an unknown version", "/api/install-runs", RUN | {"ref": "v2"}, "404 not_found:skill_versions"),
    refused("an unknown ref", "/api/install-runs", RUN | {"ref": "\0"}, "404 not_found:skill_versions"),
    refused("an unknown provider", "/api/install-runs", RUN | {"providers": ["nobody"]}, "404 not_found:providers"),
    refused("an inactive provider", "/api/install-runs", RUN | {"providers": ["inactive"]}, "409 conflict:providers"),
    refused("a run that is at it", "/api/install-runs", RUN | {"onDuplicate": "reject"}, "409 conflict:install_runs"),
)
ADDRESSES: Final = (
    unknown("/api/skills/nobody", "not_found:skills"),
    unknown("/api/skills/%00", "not_found:skills"),
    unknown("/api/skills/00000000-0000-4000-8000-000000000000", "not_found:skills"),
    unknown("/api/skills/nobody/versions", "not_found:skills"),
    unknown("/api/skills/stays/versions/0/bundle", "not_found:skill_versions"),
    unknown("/api/providers/%C3%BC", "not_found:providers"),
    unknown("/api/install-runs/nobody", "not_found:install_runs"),
    unknown("/api/install-runs/00000000-0000-4000-8000-000000000000", "not_found:install_runs"),
    unknown("/api/install-runs/00000000-0000-4000-8000-000000000000/history", "not_found:install_runs"),
    unknown("/api/install-runs/nobody/history", "not_found:install_runs"),
    unknown("/api/install-runs/nobody/state", "not_found:install_runs"),
    unknown("/api/install-runs/nobody/states", "not_found:api"),
    Case(name="a method", method="PUT", path="/api/skills", status=405, code="not_allowed:api"),
    asked("/api/skills?limit=0", "?limit"),
    asked("/api/skills?limit=201", "?limit"),
    asked("/api/skills?limit=ten", "?limit"),
    asked("/api/skills?limit=", "?limit"),
    asked("/api/skills?limit=1&limit=2", "?limit"),
    asked("/api/skills?cursor=elsewhere", "?cursor"),
    asked("/api/skills?q=%00", "?q"),
    asked("/api/skills?archived=perhaps", "?archived"),
    asked("/api/skills/stays/versions?cursor=elsewhere", "?cursor"),
    asked("/api/skills?minPosition=-1", "?minPosition"),
    asked("/api/skills?minPosition=null", "?minPosition"),
    asked("/api/install-runs?until=null", "?until"),
    asked("/api/install-runs?status=done", "?status/0"),
    asked("/api/install-runs?status=queued&status=done", "?status/1"),
    asked("/api/install-runs?since=yesterday", "?since"),
    asked("/api/audit-log?result=good", "?result/0"),
    asked("/api/audit-log?code=bad", "?code/0"),
    asked("/api/skills?" + "&".join(f"a{number}=" for number in range(60))),
)
CASES: Final = (*BODIES, *TYPES, *SIZES, *RULES, *ADDRESSES)
