"""The OpenAPI document is valid, complete, consistent, and sends nobody to another host."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from adapters.http.openapi import describe
from adapters.http.routes import routes_of
from domain.errors import Code
from tests.adapters.http.promises import codes_of, resolved
from tests.adapters.http.test_access import NEEDED, PUBLIC, router

PROBLEM: Final = "application/problem+json"
# The document describes every one but itself.
WITHOUT_EXAMPLE: Final = {"openapi"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    described: Json = json.loads(describe(router(), version="1.2.3"))
    return described


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def answers(document: Json) -> Iterator[tuple[Json, str, Json]]:
    for _, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            yield operation, status, resolved(answer, of=document)


def everything(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from everything(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from everything(inner)


def fits(document: Json, schema: Json, value: Any) -> list[str]:
    validator = Draft202012Validator(
        schema | {"components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_it_is_openapi_3_1_of_this_version(document: Json) -> None:
    schemathesis.openapi.from_dict(document).validate()
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"


def test_the_validator_would_find_what_is_wrong(document: Json) -> None:
    broken = document | {"paths": {"/api/skills": {"get": {"responses": {"200": {"content": {}}}}}}}
    with pytest.raises(Exception, match="description"):
        schemathesis.openapi.from_dict(broken).validate()


def test_it_has_every_route_and_no_other(document: Json) -> None:
    described = {(path, method) for path, method, _ in operations(document)}
    assert described == {(route.path, route.method) for route in routes_of(router())}
    assert len(described) == len(NEEDED) + len(PUBLIC)


def test_operations_have_names_of_their_own_and_say_what_they_do(document: Json) -> None:
    found = [operation for _, _, operation in operations(document)]
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in names)
    assert all(operation["summary"] and not operation["summary"].endswith(".") for operation in found)


def test_what_is_public_says_so_and_the_rest_needs_the_key(document: Json) -> None:
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for path, method, operation in operations(document):
        assert operation["security"] == ([] if path in PUBLIC else [{"apiKey": []}])
        assert ("401" in operation["responses"]) is (path not in PUBLIC)
        role = NEEDED.get((method, path))
        assert operation["description"].endswith(f"Needs the role `{role}`." if role else "Needs no key.")


def test_every_tag_is_explained_and_used(document: Json) -> None:
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    explained = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert set(explained) == used
    assert all(explained.values())


def test_every_parameter_is_explained(document: Json) -> None:
    for path, _, operation in operations(document):
        parameters = operation.get("parameters", [])
        assert {one["name"] for one in parameters if one["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
        for one in parameters:
            assert one["description"], f"{operation['operationId']} {one['name']}"
            assert one["schema"], f"{operation['operationId']} {one['name']}"


def test_every_error_is_a_problem_with_an_example_for_each_of_its_codes(document: Json) -> None:
    for operation, status, answer in answers(document):
        if int(status) >= 400 and (operation["operationId"], status) != ("readyz", "503"):
            problem = answer["content"][PROBLEM]
            assert problem["schema"] == {"$ref": "#/components/schemas/ProblemDocument"}
            for code, reference in problem["examples"].items():
                example = resolved(reference, of=document)["value"]
                assert (example["code"], example["status"]) == (code, int(status))
                assert f"`{code}`" in answer["description"]
                assert fits(document, problem["schema"], example) == []


@pytest.mark.parametrize(
    ("code", "is_needed"),
    [
        (Code.BAD_REQUEST, lambda operation: True),
        (Code.INTERNAL, lambda operation: True),
        (Code.UNAUTHORIZED, lambda operation: operation["security"]),
        (Code.RATE_LIMIT, lambda operation: operation["security"]),
        (Code.OFFLINE_DATABASE, lambda operation: operation["security"]),
        (Code.TOO_LARGE_BODY, lambda operation: "requestBody" in operation),
        (Code.UNSUPPORTED, lambda operation: "requestBody" in operation),
    ],
    ids=lambda value: str(value) if isinstance(value, Code) else "",
)
def test_what_may_happen_to_any_request_is_promised_everywhere(document: Json, code: Code, is_needed: Any) -> None:
    for _, _, operation in operations(document):
        errors = [answer for status, answer in operation["responses"].items() if "$ref" in answer]
        promised = {code for answer in errors for code in codes_of(answer)}
        assert (str(code) in promised) is bool(is_needed(operation)), operation["operationId"]


def test_errors_name_the_headers_that_say_what_to_do(document: Json) -> None:
    needed = {
        "401": {"WWW-Authenticate"},
        "429": {"Retry-After", "RateLimit", "RateLimit-Policy"},
        "503": {"Retry-After"},
    }
    for operation, status, answer in answers(document):
        assert {"X-Request-ID", "traceparent"} <= set(answer["headers"])
        if (operation["operationId"], status) != ("readyz", "503"):
            assert needed.get(status, set()) <= set(answer["headers"])


def test_every_reference_leads_somewhere_and_nothing_is_left_over(document: Json) -> None:
    used = {value["$ref"] for value in everything(document) if isinstance(value.get("$ref"), str)}
    parts = {"schemas", "headers", "links", "responses", "examples"}
    assert set(document["components"]) == parts | {"securitySchemes"}
    assert used == {f"#/components/{part}/{name}" for part in parts for name in document["components"][part]}


def test_schemas_are_schemas(document: Json) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_body_has_an_example_that_is_one(document: Json) -> None:
    for _, _, operation in operations(document):
        bodies = [
            operation.get("requestBody", {}),
            *(resolved(one, of=document) for one in operation["responses"].values()),
        ]
        for body in (
            one["content"]["application/json"] for one in bodies if "application/json" in one.get("content", {})
        ):
            examples = body.get("examples", {}).values()
            assert examples or operation["operationId"] in WITHOUT_EXAMPLE, operation["operationId"]
            for example in examples:
                assert fits(document, body["schema"], example["value"]) == [], operation["operationId"]


def test_what_a_post_makes_leads_to_what_may_be_asked_about_it(document: Json) -> None:
    named = {operation["operationId"]: operation for _, _, operation in operations(document)}
    for link in document["components"]["links"].values():
        parameters = {one["name"] for one in named[link["operationId"]]["parameters"] if one["in"] == "path"}
        assert set(link["parameters"]) == parameters
    linked = {
        name: {link for answer in operation["responses"].values() for link in answer.get("links", {})}
        for name, operation in named.items()
    }
    assert {"getInstallRun", "getRunHistory", "cancelRun"} <= linked["queueInstallRun"]
    assert {"getSkill", "archiveSkill"} <= linked["registerSkill"]
    assert "getInstallRun" in linked["uninstallSkill"]
    assert "getProvider" in linked["connectProvider"]


def test_patterns_are_ones_that_other_languages_know(document: Json) -> None:
    patterns = [value["pattern"] for value in everything(document) if isinstance(value.get("pattern"), str)]
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


def test_it_sends_nobody_to_another_host(document: Json) -> None:
    """But to the specification of skills; the other one is the source of a skill in an example."""
    places = [
        value[name] for value in everything(document) for name in ("url", "externalValue", "$ref") if name in value
    ]
    addresses = [place for place in places if isinstance(place, str)]
    elsewhere = {one for one in addresses if not one.startswith(("/", "#/"))}
    assert elsewhere == {document["externalDocs"]["url"], "https://git.example/team/skills"}
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_what_is_not_json_is_described_too(document: Json) -> None:
    sent = document["paths"]["/api/skills"]["post"]["requestBody"]["content"]
    assert set(sent) == {"application/json", "multipart/form-data"}
    form = sent["multipart/form-data"]["schema"]
    refused: tuple[Json, ...] = ({}, {"files": []}, {"files": ["a"], "archive": "b"}, {"archive": "a", "name": "b"})
    assert [body for body in refused if not fits(document, form, body)] == []
    taken: tuple[Json, ...] = ({"files": ["a", "b"]}, {"archive": "a"})
    assert [body for body in taken if fits(document, form, body)] == []
    bundle = document["paths"]["/api/skills/{skill}/versions/{version}/bundle"]["get"]["responses"]
    assert set(bundle["200"]["content"]) == {"application/zip"}
    assert {"ETag", "Content-Disposition"} <= set(bundle["200"]["headers"])
    assert "content" not in bundle["304"]
