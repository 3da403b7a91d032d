"""JSON Schemas of bodies and query strings, from the structs that read and write them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from domain.events import Actor

REFERENCE: Final = "#/components/schemas/{name}"
# `Page[Skill]` comes out as `Page_Skill_`.
PAGE: Final = re.compile(r"Page_(\w+)_")
TIMES: Final = re.compile(r"at|since|until|\w+At|\w+Since")
# What docstrings say is for those who read the code.
WORDS: Final = frozenset({"title", "description"})
# The only struct that is written without the fields that have no value.
WRITTEN_IN_PART: Final = frozenset({Actor.__name__})

KINDS: Final[Mapping[type, str]] = {str: "string", bool: "boolean", int: "integer"}

Json = dict[str, Any]


class Schemas:
    """`components` holds every struct that bodies are made of, by name."""

    def __init__(self, *, answers: Sequence[Any], requests: Sequence[Any], parameters: Sequence[type[Struct]]) -> None:
        kinds = [*answers, *requests, *parameters]
        references: list[Json]
        components: dict[str, Json]
        references, components = _readable(msgspec.json.schema_components(kinds, ref_template=REFERENCE))
        _, asked = msgspec.json.schema_components(requests, ref_template=REFERENCE)
        self._references = dict(zip(map(repr, kinds), references, strict=True))
        self._parameters = {kind: components.pop(kind.__name__)["properties"] for kind in dict.fromkeys(parameters)}
        for name, schema in components.items():
            _mark_times(schema.get("properties", {}))
            if name not in asked and name not in WRITTEN_IN_PART:
                _mark_as_written(schema)
        self.components = dict(sorted(components.items()))

    def reference(self, kind: Any) -> Json:
        """The schema of a type that was given."""
        return self._references[repr(kind)]

    def query_parameters(self, kind: type[Struct]) -> list[Json]:
        properties = self._parameters[kind]
        _mark_times(properties)
        return [{"name": name, "in": "query", "schema": _given(schema)} for name, schema in properties.items()]


def _mark_times(properties: Mapping[str, Json]) -> None:
    """A struct says only `datetime`, of which msgspec makes a plain string."""
    for name, schema in properties.items():
        if TIMES.fullmatch(name):
            for variant in schema.get("anyOf", [schema]):
                if variant.get("type") == "string":
                    variant["format"] = "date-time"


def _mark_as_written(schema: Json) -> None:
    """A field with a default may be left out of a request; in an answer it always stands."""
    properties = schema.get("properties", {})
    for name, field in properties.items():
        if "default" in field:
            del field["default"]
            schema["required"].append(name)


def _given(schema: Json) -> Json:
    """A parameter that is left out is not null: it is not there."""
    if schema.get("default") is None:
        schema = {name: value for name, value in schema.items() if name != "default"}
    variants = [variant for variant in schema.get("anyOf", ()) if variant != {"type": "null"}]
    if len(variants) > 1:
        return {**schema, "anyOf": variants}
    return variants[0] if variants else schema


def _kind_of(values: Sequence[Any]) -> str | None:
    """The one type that all of them have; generators of clients want to be told."""
    return next((name for kind, name in KINDS.items() if all(type(value) is kind for value in values)), None)


def _readable(schema: Any) -> Any:
    """Pages named as people would, types where msgspec says only values, and no words that are for others."""
    match schema:
        case {"enum": list() | tuple() as values, **rest} if "type" not in schema and (kind := _kind_of(values)):
            return _readable({"type": kind, **rest, **({"enum": values} if len(values) > 1 else {"const": values[0]})})
        case {"properties": dict(properties), **rest}:
            named = {name: _readable(field) for name, field in properties.items()}
            return {**_readable(rest), "properties": named}
        case dict():
            return {PAGE.sub(r"\1Page", name): _readable(value) for name, value in schema.items() if name not in WORDS}
        case list() | tuple():
            return [_readable(value) for value in schema]
        case str():
            return PAGE.sub(r"\1Page", schema)
        case _:
            return schema
