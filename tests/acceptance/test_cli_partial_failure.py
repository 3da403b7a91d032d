"""The command line where providers differ: who would take it, who refuses, and what is said of a run that fails in part."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import CommandLine, Sandbox

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def test_a_run_that_fails_at_one_of_three_providers_has_an_exit_code_of_its_own(
    cli: CommandLine, registered: str, sandbox: Sandbox
) -> None:
    sandbox.fault("status", provider="claude", status=402)
    partial = cli("install", registered, "--on", "openai,claude,gemini", "--wait")
    assert partial.code == 6, partial
    assert (
        f"{registered} v1 is live at openai and gemini, and could not be installed at claude (quota_exceeded:provider)."
    ) in partial.out
    assert "failures   1 x quota_exceeded:provider\n" in partial.out
    assert "claude: The account has used up what it may use" in partial.out
    assert {entry["provider"] for entry in sandbox.live(registered)} == {"openai", "gemini"}
    listed = cli("runs", "list", "--skill", registered, "--status", "partial_failed", "--json").json["items"]
    (claude,) = [target for target in listed[0]["targets"] if target["provider"]["name"] == "claude"]
    assert (claude["status"], claude["attempts"], claude["code"]) == ("failed", 1, "quota_exceeded:provider")
    assert claude["providerRequestId"].startswith("req_")
    assert f"(request {claude['providerRequestId']})" in partial.out


@pytest.fixture
def too_large_for_gemini(skill: Path, cli: CommandLine) -> str:
    (skill / "picture.png").write_bytes(bytes(1_200_000))
    added = cli("skills", "add", skill)
    assert added.code == 0, added
    return skill.name


def test_a_dry_run_says_who_would_take_it_and_its_exit_code_how_many(
    cli: CommandLine, too_large_for_gemini: str, sandbox: Sandbox
) -> None:
    name = too_large_for_gemini
    for providers, code in (("openai,claude", 0), ("openai,claude,gemini", 6), ("gemini", 5)):
        tried = cli("install", name, "--on", providers, "--dry-run")
        assert tried.code == code, tried
        assert ("too_large:provider: `picture.png` has 1,200,000 bytes" in tried.out) == ("gemini" in providers)
    as_json = cli("install", f"{name}@v1", "--on", "openai,gemini", "--dry-run", "--json")
    assert (as_json.code, [target["accepted"] for target in as_json.json["targets"]]) == (6, [True, False])
    assert cli("runs", "list", "--skill", name, "--json").json["items"] == []
    assert sandbox.live(name) == []
    missing = cli("install", name, "--on", "nobody", "--dry-run")
    assert (missing.code, "(not_found:providers)" in missing.err) == (4, True)


def test_what_preflight_refuses_fails_at_once_and_is_found_by_its_code(
    cli: CommandLine, too_large_for_gemini: str
) -> None:
    name = too_large_for_gemini
    alone = cli("install", name, "--on", "gemini", "--wait", "--json")
    assert (alone.code, alone.json["status"], alone.json["targets"][0]["attempts"]) == (5, "failed", 0)
    partial = cli("install", name, "--on", "openai,gemini", "--wait", "--json")
    assert (partial.code, partial.json["failures"]) == (6, {"too_large:provider": 1})
    assert "so it was not asked" in cli("history", partial.json["id"]).out

    def found(*filters: str) -> list[str]:
        listed = cli("runs", "list", "--skill", name, *filters, "--json")
        return [run["id"] for run in listed.json["items"]]

    both = [partial.json["id"], alone.json["id"]]
    assert found("--code", "too_large:provider") == both
    assert found("--code", "timeout:provider") == []
    assert found("--code", "timeout:provider", "--code", "too_large:provider") == both
    assert found("--status", "partial_failed", "--status", "success") == both[:1]
    assert found("--kind", "uninstall") == []
    unknown = cli("runs", "list", "--code", "too_large", "--json")
    assert (unknown.code, unknown.json["code"]) == (2, "bad_request:api")
