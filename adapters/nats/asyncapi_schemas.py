"""JSON Schemas of message bodies, from the structs that write them."""

from collections.abc import Sequence
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, UnsetType

REFERENCE: Final = "#/components/schemas/{name}"
# What docstrings say is for those who read the code; and the discriminators of AsyncAPI are not those of OpenAPI.
WORDS: Final = frozenset({"title", "description", "discriminator"})

Json = dict[str, Any]


def body_schemas(kinds: Sequence[type[Struct]]) -> dict[str, Json]:
    """By the name of the struct: these, and all that stand in them."""
    _, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    structs = {kind.__name__: kind for kind in _all_structs(kinds)}
    return {name: _as_written(_without_words(schema), structs.get(name)) for name, schema in sorted(components.items())}


def reference_to(kind: type[Struct]) -> Json:
    return {"$ref": REFERENCE.replace("{name}", kind.__name__)}


def _as_written(schema: Json, kind: type[Struct] | None) -> Json:
    """A field stands also where it has its default, unless it may be unset; there may be more of them one day. A time is one
    with its zone, of which a struct says nothing.
    """
    if kind is None:  # an enumeration
        return schema
    hints, properties = get_type_hints(kind), schema["properties"]
    required = []
    for field in msgspec.structs.fields(kind):
        parts, written = _parts(hints[field.name]), properties[field.encode_name]
        written.pop("default", None)
        for variant in written.get("anyOf", [written]):
            if datetime in parts and variant.get("type") == "string":
                variant["format"] = "date-time"
        if UnsetType not in parts:
            required.append(field.encode_name)
    return {**schema, "required": required} if required else schema


def _without_words(schema: Any) -> Any:
    match schema:
        case {"properties": dict(properties), **rest}:
            return {
                **_without_words(rest),
                "properties": {name: _without_words(one) for name, one in properties.items()},
            }
        case dict():
            return {name: _without_words(value) for name, value in schema.items() if name not in WORDS}
        case list() | tuple():
            return [_without_words(value) for value in schema]
        case _:
            return schema


def _all_structs(kinds: Sequence[type[Struct]]) -> set[type[Struct]]:
    found: set[type[Struct]] = set()
    left: list[Any] = [*kinds]
    while left:
        kind = left.pop()
        if isinstance(kind, type) and issubclass(kind, Struct) and kind not in found:
            found.add(kind)
            left += get_type_hints(kind).values()
        left += get_args(kind)
    return found


def _parts(hint: Any) -> tuple[Any, ...]:
    """What a field may be, if it may be several things."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType, Annotated) else (hint,)
