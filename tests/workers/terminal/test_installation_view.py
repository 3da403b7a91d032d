import re
from datetime import timedelta
from typing import Any

import pytest

from tests.workers.terminal.answered import NOON, RUN_ID, in_a_pipe, on_a_terminal
from workers.terminal.answers import Installation, understood
from workers.terminal.installation_view import findings, installation_page, installations_grid, repair

NOW = NOON + timedelta(hours=2)
ID = "1cd90fb3-190c-5840-8c02-28cb6f7d07cb"
USAGE = '{\n  "tools": [\n    {"type": "shell", "skill_id": "skill_' + "0" * 80 + '"}\n  ]\n}'


def installation(**more: Any) -> Installation:
    return understood(
        {
            "id": ID,
            "skill": {"id": "s", "name": "a-skill"},
            "provider": {"id": "p", "name": "openai", "kind": "openai"},
            "version": 3,
            "digest": f"sha256:{'ab' * 32}",
            "remote": {"id": "skill_1", "version": "2"},
            "runId": RUN_ID,
            "at": NOON,
            "drift": "none",
            "verifiedAt": NOON + timedelta(hours=1),
            "code": None,
            "message": None,
            "usage": USAGE,
            "activeRunId": None,
            **more,
        },
        Installation,
    )


MISSING = installation(drift="missing")
SILENT = installation(drift="unknown", code="timeout:provider", message="No\nanswer.\x1b[31m", verifiedAt=None)


def row(one: Installation) -> list[str]:
    (_, line) = in_a_pipe(installations_grid([one], now=NOW)).splitlines()
    return re.split("  +", line)


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (installation(), ["a-skill v3", "openai", "✔ none", "1h", "2h"]),
        (installation(verifiedAt=None), ["a-skill v3", "openai", "· none", "never", "2h"]),
        (MISSING, ["a-skill v3", "openai", "✘ missing", "1h", "2h"]),
        (installation(drift="changed"), ["a-skill v3", "openai", "✘ changed", "1h", "2h"]),
        (SILENT, ["a-skill v3", "openai", "? unknown", "never", "2h", "timeout:provider"]),
        (
            installation(activeRunId=RUN_ID, code="timeout:provider", drift="unknown"),
            ["a-skill v3", "openai", "? unknown", "1h", "2h", "timeout:provider, a run is at work"],
        ),
        (installation(drift="of a newer server"), ["a-skill v3", "openai", "· of a newer server", "1h", "2h"]),
    ],
)
def test_in_a_list_an_installation_is_one_line(one: Installation, shown: list[str]) -> None:
    assert row(one) == shown


def test_the_list_fits_a_terminal() -> None:
    long = installation(skill={"id": "s", "name": "incident-report-ko"}, activeRunId=RUN_ID)
    shown = on_a_terminal(installations_grid([long, SILENT], now=NOW))
    assert max(map(len, shown.splitlines())) <= 80
    assert "NOTE" in shown
    assert "NOTE" not in on_a_terminal(installations_grid([MISSING], now=NOW))


def test_the_page_says_all_that_is_known() -> None:
    page = in_a_pipe(installation_page(installation(activeRunId=RUN_ID), now=NOW))
    for line in (
        "skill      a-skill v3 (abababababab)",
        "provider   openai (openai)",
        f"id         {ID}",
        "there      skill_1 version 2",
        "drift      ✔ none",
        "verified   2026-11-22 13:00:00 UTC (1h ago)",
        "installed  2026-11-22 12:00:00 UTC (2h ago)",
        f"by run     {RUN_ID}",
        f"at work    {RUN_ID}",
    ):
        assert f"{line}\n" in page
    assert "verified   never\n" in in_a_pipe(installation_page(SILENT, now=NOW))


@pytest.mark.parametrize("show", [in_a_pipe, on_a_terminal])
def test_what_is_there_to_be_pasted_comes_out_as_it_was_given(show: Any) -> None:
    assert show(installation_page(installation(), now=NOW)).endswith(f"How to use it:\n{USAGE}\n")


def test_nothing_that_a_provider_said_is_obeyed() -> None:
    page = in_a_pipe(installation_page(installation(usage="print(1)\x1b[2J\r"), now=NOW))
    assert page.endswith("print(1)\\x1b[2J\n")
    assert r"timeout:provider: No answer.\x1b[31m" in in_a_pipe(installation_page(SILENT, now=NOW))


def test_what_never_said_how_to_use_it_has_no_such_part() -> None:
    assert "How to use it" not in in_a_pipe(installation_page(installation(usage=""), now=NOW))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (MISSING, "It is gone at openai."),
        (installation(drift="changed"), "Something else is in its place at openai."),
        (SILENT, "openai did not say whether it is still there."),
    ],
)
def test_the_page_says_what_is_wrong(one: Installation, said: str) -> None:
    page = in_a_pipe(installation_page(one, now=NOW))
    assert f"\n\n{said}\n" in page
    assert said not in in_a_pipe(installation_page(installation(), now=NOW))


def test_what_a_verification_found_is_counted_in_words() -> None:
    assert findings([installation()]) == "1 installation verified: 1 as installed."
    several = [installation(), MISSING, installation(), SILENT, installation(drift="changed")]
    assert (
        findings(several)
        == "5 installations verified: 2 as installed, 1 gone, 1 not known, 1 replaced by something else."
    )


def test_what_is_gone_is_put_back_by_installing_the_same_version() -> None:
    assert repair(MISSING) == "waybill install a-skill@3 --on openai --wait"
