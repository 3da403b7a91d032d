from typing import Any

import pytest

from tests.workers.terminal.answered import in_a_pipe, on_a_terminal
from workers.terminal.answers import PreviewedRun, understood
from workers.terminal.exit_codes import ExitCode
from workers.terminal.preview_view import exit_code_of_preview, preview_page, preview_sentence

RUN_ID = "019ab000-0000-7000-8000-000000000009"
TOO_LARGE = {
    "code": "too_large:provider",
    "message": "`assets/map.png` has 1,200,000 bytes; this provider takes 1,000,000.",
    "path": "assets/map.png",
}
MARKUP = {"code": "invalid_skill:provider", "message": "The description holds `<\x1b[31mb>`.", "path": "SKILL.md"}


def target(name: str, *refusals: dict[str, Any], **more: Any) -> dict[str, Any]:
    provider = {"id": f"id-{name}", "name": name, "kind": name}
    return {"provider": provider, "accepted": not refusals, "refusals": refusals} | more


def preview(*targets: dict[str, Any]) -> PreviewedRun:
    skill = {"name": "a-skill", "version": 3, "digest": f"sha256:{'ab' * 32}", "ref": "latest"}
    return understood({"dryRun": True, "skill": skill, "targets": targets}, PreviewedRun)


@pytest.mark.parametrize(
    ("targets", "said", "code"),
    [
        ((target("openai"), target("claude")), "would be taken by openai and claude.", ExitCode.OK),
        (
            (target("openai"), target("gemini", TOO_LARGE)),
            "would be taken by openai, and not by gemini.",
            ExitCode.PARTLY_FAILED,
        ),
        ((target("gemini", TOO_LARGE),), "would not be taken by gemini.", ExitCode.FAILED),
    ],
)
def test_the_sentence_and_the_exit_code_say_the_same(
    targets: tuple[dict[str, Any], ...], said: str, code: ExitCode
) -> None:
    assert preview_sentence(preview(*targets)) == f"a-skill v3 {said} Nothing was stored or sent."
    assert exit_code_of_preview(preview(*targets)) is code


def test_the_page_has_every_reason_and_what_to_do_about_it() -> None:
    page = in_a_pipe(preview_page(preview(target("openai", installedVersion=2), target("gemini", TOO_LARGE, MARKUP))))
    lines = [line.split(maxsplit=3) for line in page.splitlines()]
    assert ["openai", "✔", "accepted", "v2"] in lines
    assert "gemini    ✘ refused             too_large:provider: `assets/map.png` has 1,200,000 bytes;" in page
    assert r"invalid_skill:provider: The description holds `<\x1b[31mb>`." in page
    assert "add a smaller version." in page
    assert "correct the skill and add it as a new version." in page


def test_who_would_come_after_another_run_is_told_so() -> None:
    page = in_a_pipe(preview_page(preview(target("openai", activeRunId=RUN_ID))))
    assert f"would follow run {RUN_ID}" in page


def test_who_would_wait_until_the_connection_is_resumed_is_told_so() -> None:
    page = in_a_pipe(preview_page(preview(target("openai", paused=True), target("claude", paused=False))))
    assert page.count("would wait: the connection is paused") == 1
    refused = in_a_pipe(preview_page(preview(target("gemini", TOO_LARGE, paused=True))))
    assert "would wait" not in refused


def test_the_page_fits_a_terminal() -> None:
    targets = (target("openai", activeRunId=RUN_ID), target("claude", MARKUP), target("gemini", TOO_LARGE, MARKUP))
    page = on_a_terminal(preview_page(preview(*targets)))
    assert all(len(line) <= 80 for line in page.splitlines())
    assert RUN_ID in page
