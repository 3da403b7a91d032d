"""`waybill install`: ask for a run, and follow it if wanted."""

from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NoReturn

import rich_click as click

from workers.terminal.answers import PreviewedRun, Run, understood
from workers.terminal.command import Terminal, api_command, leave
from workers.terminal.exit_codes import exit_code_of_run
from workers.terminal.policy_options import policy_of, policy_options
from workers.terminal.preview_view import exit_code_of_preview, preview_page
from workers.terminal.run_view import run_page
from workers.terminal.screen import may_redraw
from workers.terminal.watching import attend, follow, told

WAIT_SECONDS_DEFAULT: Final = 600.0

timeout_option = click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=WAIT_SECONDS_DEFAULT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the end; the run goes on after that, and the exit code is 7.",
)

wait_option = click.option("--wait", is_flag=True, help="Follow the run to its end.")
idempotency_key_option = click.option(
    "--idempotency-key", metavar="KEY", help="Any text: a command that is sent again with it does nothing twice."
)


@click.command("install")
@click.argument("skill", metavar="SKILL[@REF]")
@click.option(
    "--on", "on", multiple=True, required=True, metavar="NAME[,NAME]", help="The provider connections to install at."
)
@wait_option
@click.option(
    "--dry-run", is_flag=True, help="Only say which of the providers would take it, and why others would not."
)
@timeout_option
@click.option(
    "--on-duplicate",
    type=click.Choice(("reuse", "reject")),
    default="reuse",
    show_default=True,
    help="When a run is at exactly this already: join it, or refuse.",
)
@policy_options
@idempotency_key_option
@api_command
def install(
    terminal: Terminal,
    *,
    skill: str,
    on: tuple[str, ...],
    wait: bool,
    dry_run: bool,
    timeout_seconds: float,
    on_duplicate: str,
    idempotency_key: str | None,
    **policy: Any,
) -> None:
    """Install SKILL at one or more providers.

    REF picks the version: latest (unless given), a label (stable), a number (3 or v3), or the first 8 or more digits of a digest.
    With --wait the exit code says how the run ended: 0 success, 5 failed, 6 failed at some providers; with --dry-run, how many
    would take it: 0 all, 5 none, 6 some.
    """
    name, _, ref = skill.partition("@")
    names = [part.strip() for part in ",".join(on).split(",") if part.strip()]
    body: dict[str, Any] = {"skill": name, "providers": names} | ({"ref": ref} if ref else {})
    if said := policy_of(policy):
        body["policy"] = said
    if dry_run:
        try_out(terminal, body)
    answer = terminal.client.post(
        "install-runs", body=body | {"onDuplicate": on_duplicate}, idempotency_key=idempotency_key
    )
    run = understood(answer.body, Run)
    screen = terminal.screen
    if run.reused:
        screen.say("A run is at exactly this already; this is that run.")
    if not wait:
        screen.show(answer.body, run_page(run, now=datetime.now(UTC)))
        screen.hint(f"waybill runs watch {run.id}", purpose="Follow it")
        return
    watch_to_the_end(terminal, run.id, timeout_seconds=timeout_seconds, first=answer.body)


def try_out(terminal: Terminal, body: dict[str, Any]) -> NoReturn:
    """Ends the command with the exit code of a dry run. Raises Failure."""
    document = terminal.client.post("install-runs", body=body | {"dryRun": True}).body
    preview = understood(document, PreviewedRun)
    terminal.screen.show(document, preview_page(preview))
    leave(exit_code_of_preview(preview))


def watch_to_the_end(terminal: Terminal, run_id: str, *, timeout_seconds: float, first: Any = None) -> None:
    """Ends the command with the run's exit code. Raises Failure.

    `first` is the run as its request was answered: then the end is the result, and what comes before is talk.
    """
    screen = terminal.screen
    watch = partial(follow, terminal.client, run_id, timeout_seconds=timeout_seconds, first=first)
    try:
        if screen.as_json and first is None:
            document = watch(report=screen.write_json_line)
        elif not screen.as_json and (first is None or may_redraw(screen.out)):
            document = attend(terminal.client, run_id, console=screen.out, timeout_seconds=timeout_seconds, first=first)
        else:
            document = watch(report=told(screen.talk))
            screen.show(document, run_page(understood(document, Run), now=datetime.now(UTC)))
    except KeyboardInterrupt:
        screen.hint(f"waybill runs watch {run_id}", purpose="\nThe run goes on. Follow it again")
        raise
    run = understood(document, Run)
    screen.hint(f"waybill history {run.id}", purpose="What happened, event by event")
    leave(exit_code_of_run(run.status))
