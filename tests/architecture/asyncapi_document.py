"""The rules of AsyncAPI 3.0 that a document like ours can break, each broken one in words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped]

Json = dict[str, Any]

# What an object may have and what it must have, by the specification; `x-` is free.
MEMBERS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    kind: (frozenset(required.split()), frozenset(f"{required} {optional}".split()))
    for kind, required, optional in (
        ("document", "asyncapi info", "id servers defaultContentType channels operations components"),
        ("info", "title version", "description termsOfService contact license tags externalDocs"),
        ("license", "name", "url"),
        ("server", "host protocol", "protocolVersion pathname description title summary variables security tags externalDocs bindings"),
        ("channel", "", "address messages title summary description servers parameters tags externalDocs bindings"),
        ("parameter", "", "enum default description examples location"),
        ("operation", "action channel", "title summary description security tags externalDocs bindings traits messages reply"),
        (
            "message",
            "",
            "headers payload correlationId contentType name title summary description tags externalDocs bindings examples traits",
        ),
        ("correlationId", "location", "description"),
        ("components", "", "schemas servers channels operations messages securitySchemes parameters"),
        ("securityScheme", "type", "description"),
    )
}  # fmt: skip


def broken_rules(document: Json) -> list[str]:
    return [
        *_objects(document),
        *_references(document, document),
        *_addresses(document),
        *_operations(document),
        *_schemas(document),
    ]


def _members(kind: str, found: Json, place: str) -> Iterator[str]:
    required, known = MEMBERS[kind]
    names = {name for name in found if not name.startswith("x-")}
    yield from (f"{place}: {name} is missing" for name in required - names)
    yield from (f"{place}: {name} is no member of a {kind}" for name in names - known)


def _objects(document: Json) -> Iterator[str]:
    yield from _members("document", document, "#")
    yield from _members("info", document["info"], "#/info")
    yield from _members("license", document["info"].get("license", {"name": ""}), "#/info/license")
    components = document["components"]
    yield from _members("components", components, "#/components")
    for kind, place, found in (
        ("server", "servers", document["servers"]),
        ("channel", "channels", document["channels"]),
        ("operation", "operations", document["operations"]),
        ("message", "components/messages", components["messages"]),
        ("securityScheme", "components/securitySchemes", components["securitySchemes"]),
    ):
        for name, one in found.items():
            yield from _members(kind, one, f"#/{place}/{name}")
            if not re.fullmatch(r"[A-Za-z0-9_\-.]+", name):
                yield f"#/{place}/{name}: is no name"
    for name, channel in document["channels"].items():
        for parameter, one in channel.get("parameters", {}).items():
            yield from _members("parameter", one, f"#/channels/{name}/parameters/{parameter}")
    for name, message in components["messages"].items():
        if "correlationId" in message:
            yield from _members("correlationId", message["correlationId"], f"#/components/messages/{name}")


def _references(value: Any, document: Json) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            if resolved(reference, document) is None:
                yield f"{reference} leads nowhere"
            if len(value) > 1:
                yield f"{reference} has other members beside it"
        case dict():
            for one in value.values():
                yield from _references(one, document)
        case list():
            for one in value:
                yield from _references(one, document)


def resolved(reference: str, document: Json) -> Any:
    """What it leads to, None if nothing."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _addresses(document: Json) -> Iterator[str]:
    addresses = [channel["address"] for channel in document["channels"].values()]
    yield from (f"{address} is there twice" for address in set(addresses) if addresses.count(address) > 1)
    for name, channel in document["channels"].items():
        if set(re.findall(r"{(\w+)}", channel["address"])) != set(channel.get("parameters", {})):
            yield f"#/channels/{name}: the parameters are not those of its address"


def _operations(document: Json) -> Iterator[str]:
    used = set()
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"]
        used.add(channel)
        if operation["action"] not in ("send", "receive"):
            yield f"#/operations/{name}: {operation['action']} is no action"
        for message in operation.get("messages", ()):
            if not message["$ref"].startswith(f"{channel}/messages/"):
                yield f"#/operations/{name}: {message['$ref']} is not of its channel"
    yield from (
        f"#/channels/{name}: nobody uses it" for name in document["channels"] if f"#/channels/{name}" not in used
    )
    told = {message["$ref"] for channel in document["channels"].values() for message in channel["messages"].values()}
    for name in document["components"]["messages"]:
        if f"#/components/messages/{name}" not in told:
            yield f"#/components/messages/{name}: no channel has it"


def _schemas(document: Json) -> Iterator[str]:
    components = document["components"]
    named = [(f"#/components/schemas/{name}", schema) for name, schema in components["schemas"].items()]
    for name, message in components["messages"].items():
        named += [(f"#/components/messages/{name}/{part}", message[part]) for part in ("headers", "payload")]
    for place, schema in named:
        for error in Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(schema):
            yield f"{place}: {error.message}"
