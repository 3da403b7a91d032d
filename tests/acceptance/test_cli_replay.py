"""The command line looks back: at a run as it was, at what changed it, and at why it went so."""

import pytest

from tests.acceptance.conftest import CommandLine, Sandbox

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def test_a_run_that_failed_in_part_is_looked_back_at(cli: CommandLine, registered: str, sandbox: Sandbox) -> None:
    sandbox.fault("status", provider="claude", status=402)
    run = cli("install", registered, "--on", "openai,claude", "--wait", "--json").json["id"]
    history = cli("history", run, "--json").json["items"]
    failed = next(event for event in history if event["event"] == "ProviderFailed")

    state = cli("replay", "state", run, "--at", str(failed["position"] - 1))
    assert state.code == 0, state
    assert f"moment       position {failed['position'] - 1}, " in state.out
    assert "claude    ◐ running  1" in state.out
    assert f"waybill replay diff {run} {failed['position'] - 1}" in state.err
    then = cli("replay", "state", run, "--at", failed["at"], "--json").json["run"]
    assert [target["code"] for target in then["targets"]] == [None, "quota_exceeded:provider"]

    diff = cli("replay", "diff", run, str(failed["position"] - 1))
    assert diff.code == 0, diff
    assert f"{failed['position']}  " in diff.out
    assert "run claude code + quota_exceeded:provider" in " ".join(diff.out.split())

    why = cli("replay", "why", run)
    assert why.code == 0, why
    assert "ProviderFailed claude: quota_exceeded:provider" in why.out
    assert f"waybill replay state {run} --at " in why.err


@pytest.mark.long
def test_a_moment_that_is_none_is_a_wrong_usage_and_one_before_the_run_does_not_exist(
    cli: CommandLine, registered: str
) -> None:
    run = cli("install", registered, "--on", "openai", "--wait", "--json").json["id"]
    for moment, code, words in (
        ("soon", 2, "is neither a position (42)"),
        ("99999999", 2, "is behind the newest event"),
        ("1", 4, "is before the run"),
    ):
        ended = cli("replay", "state", run, "--at", moment)
        assert (ended.code, words in " ".join(ended.err.split())) == (code, True), ended
    assert cli("replay", "why", "019ab000-0000-7000-8000-000000000001").code == 4
