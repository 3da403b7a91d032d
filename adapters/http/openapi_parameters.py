"""The parameters in the OpenAPI document: what each of them means, and how it is written."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapters.http.idempotency_key import HEADER, KEY_CHARS_MAX
from adapters.http.operations import Header
from adapters.http.routes import Route
from adapters.http.schemas import Schemas
from domain.skill.decisions import LABEL

Json = dict[str, Any]

NAME: Final[Json] = {"type": "string", "minLength": 1}
ID: Final[Json] = {"type": "string", "format": "uuid"}
IN_PATHS: Final[Mapping[str, tuple[str, Json]]] = {
    "skill": ("The skill, by id or name.", NAME),
    "version": (
        "A version: `latest`, a label, a number (`3`, `v3`), or the first 8 or more digits of its digest.",
        NAME,
    ),
    "label": (
        "1 to 32 of `a-z`, `0-9` and hyphens, beginning with a letter; not what reads like another ref.",
        {"type": "string", "pattern": f"^{LABEL.pattern}$"},
    ),
    "provider": ("The connection, by id or name.", NAME),
    "run": ("The id of the install run.", ID),
    "installation": ("The id of the installation.", ID),
    "chat_action": ("The id of the chat action.", ID),
    "alert": ("The id of the alert.", ID),
    "event": ("The event, by id or by position.", NAME),
    "digest": ("A digest of the file, as the page has it.", NAME),
    "name": ("The name of the file.", NAME),
    "key": ("The id of the key: the part between its first two underscores.", NAME),
}
IN_QUERIES: Final[Mapping[str, str]] = {
    "cursor": "The `nextCursor` of the page before, of the same list with the same filters.",
    "limit": "How many of them at most.",
    "minPosition": "Not to answer before what is read has come to this position.",
    "q": "A part of what a person would look for; which members are searched is in the contract.",
    "archived": "Those that are archived, instead of those in use.",
    "status": "With this status.",
    "kind": "Of this kind.",
    "skill": "Of this skill, by id or name.",
    "provider": "At this provider connection, by id or name.",
    "actor": "Asked for by this actor: the id of a key, for example.",
    "code": "With this error code.",
    "since": "From this time on (RFC 3339, with its zone).",
    "until": "Before this time (RFC 3339, with its zone).",
    "drift": "What the provider said when it was asked last.",
    "action": "What was done.",
    "target": "What it was done to.",
    "result": "How it went.",
    "role": "With this role.",
    "active": "Those in use, or those that are not.",
    "event": "Events of this name.",
    "stream": "Events of this stream.",
    "after": "Events behind this position.",
    "wait": "How many seconds the answer may be held back until there is something new.",
    "at": "The moment: a position, or a time (RFC 3339, with its zone); what had been stored by then counts.",
    "from": "The moment before: a position, or a time (RFC 3339, with its zone).",
    "to": "The moment after: a position, or a time (RFC 3339, with its zone).",
    "format": "How each entry is written: `jsonl` or `csv`.",
    "rule": "By this rule; of a delivery also `test`.",
    "severity": "That matters as much.",
    "subject": "About this.",
    "webhook": "To this webhook, by name.",
    "alert": "Of this alert, by id.",
    "message": "Of this message: the `webhook-id` that the receiver sees.",
    "formerSize": "How many events the former checkpoint was signed over.",
    "verbose": "Say of each check what is wrong, and by how much.",
}


def parameters_of(route: Route, schemas: Schemas) -> list[Json]:
    operation = route.operation
    found = [*map(_in_path, route.path_parameters), *_in_query(schemas.query_parameters(operation.parameters))]
    found += map(_in_header, operation.takes)
    if route.method == "post":
        found.append(_idempotency_key())
    return found


def _in_path(name: str) -> Json:
    words, schema = IN_PATHS.get(name, ("", NAME))
    return {"name": name, "in": "path", "required": True, "description": words, "schema": schema}


def _in_query(parameters: Iterable[Json]) -> list[Json]:
    return [{"description": IN_QUERIES.get(one["name"], "")} | one for one in parameters]


def _in_header(header: Header) -> Json:
    return {"name": header.name, "in": "header", "description": header.description, "schema": dict(header.schema)}


def _idempotency_key() -> Json:
    return {
        "name": HEADER,
        "in": "header",
        "description": "A new one for each new request. The same request under the same key is carried out once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[ -~]+$"},
    }
