"""The OpenAPI document is complete, consistent, and sends nobody to another host."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from adapters.http.openapi import describe, routes_of
from tests.adapters.http.test_access import NEEDED, PUBLIC, router

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    described: Json = json.loads(describe(router(), version="1.2.3"))
    return described


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def everything(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from everything(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from everything(inner)


def test_it_is_openapi_3_1_of_this_version(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"


def test_it_has_every_route_and_no_other(document: Json) -> None:
    described = {(path, method) for path, method, _ in operations(document)}
    assert described == {(route.path, route.method) for route in routes_of(router())}
    assert len(described) == len(NEEDED) + len(PUBLIC)


def test_operations_have_names_of_their_own(document: Json) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in names)


def test_what_is_public_says_so_and_the_rest_needs_the_key(document: Json) -> None:
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for path, _, operation in operations(document):
        assert operation["security"] == ([] if path in PUBLIC else [{"apiKey": []}])
        assert ("401" in operation["responses"]) is (path not in PUBLIC)


def test_every_parameter_in_a_path_is_described(document: Json) -> None:
    for path, _, operation in operations(document):
        described = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", path))


def test_every_error_is_a_problem(document: Json) -> None:
    for path, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and (path, status) != ("/readyz", "503"):
                schema = answer["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ProblemDocument"}
                assert re.fullmatch(r"`\w+:\w+`( or `\w+:\w+`)*", answer["description"])


def test_every_reference_leads_somewhere_and_nothing_is_left_over(document: Json) -> None:
    used = {value["$ref"] for value in everything(document) if "$ref" in value}
    assert used == {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def test_schemas_are_schemas(document: Json) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_patterns_are_ones_that_other_languages_know(document: Json) -> None:
    patterns = [value["pattern"] for value in everything(document) if "pattern" in value]
    assert patterns
    assert not any(re.search(r"\\[AZ]|\(\?P", pattern) for pattern in patterns)


def test_times_are_times_and_what_is_optional_is_not_null(document: Json) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["InstallRun"]["properties"]["queuedAt"]["format"] == "date-time"
    assert {"startedAt", "reason", "rollback"} <= set(schemas["InstallRun"]["required"])
    assert "baseUrl" not in schemas["NewProvider"]["required"]
    listed = document["paths"]["/api/install-runs"]["get"]["parameters"]
    since = next(parameter for parameter in listed if parameter["name"] == "since")
    assert since["schema"] == {"type": "string", "format": "date-time"}


def test_it_names_no_other_host(document: Json) -> None:
    assert "http" not in json.dumps(document).replace('"type": "http"', "")


def test_what_is_not_json_is_described_too(document: Json) -> None:
    sent = document["paths"]["/api/skills"]["post"]["requestBody"]["content"]
    assert set(sent) == {"application/json", "multipart/form-data"}
    for schema in sent["multipart/form-data"]["schema"]["oneOf"]:
        Draft202012Validator.check_schema(schema)
    answers = document["paths"]["/api/skills/{skill}/versions/{version}/bundle"]["get"]["responses"]
    assert set(answers["200"]["content"]) == {"application/zip"}
    assert answers["304"]["content"] == {}
