"""One message and its answer: sent until it is answered, confirmed if that is wanted, and its runs followed to their end."""

import sys
import time
from typing import Any, Final
from uuid import uuid4

import rich_click as click
from msgspec import Struct
from rich.text import Text

from workers.terminal.answers import understood
from workers.terminal.chat_answers import ChatAnswer, Confirmation
from workers.terminal.command import Terminal
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure
from workers.terminal.run_waiting import exit_code_of_runs, follow_all
from workers.terminal.wording import printable

# How often one message is sent while no answer comes back: it is carried out once all the same.
SENDS_MAX: Final = 3
PAUSE_SECONDS: Final = 1.0
# Another request with the same key is still being carried out: its answer is going to be this one's.
BUSY: Final = "conflict:api"
LOST: Final = frozenset({ExitCode.UNREACHABLE, ExitCode.TIMEOUT})

QUESTIONS: Final = {"ko": "진행할까요?", "en": "Go ahead?"}
NO: Final = {"ko": "아니", "en": "no"}
NOT_FOUND: Final = frozenset({"unknown_skill", "unknown_version", "unknown_provider", "unknown_run", "unknown_name"})


class Manner(Struct, frozen=True, kw_only=True):
    """How a conversation goes. `idempotency_key` is for its first message, if somebody chose one."""

    yes: bool = False
    dry_run: bool = False
    wait: bool = False
    timeout_seconds: float
    idempotency_key: str | None = None


def converse(terminal: Terminal, manner: Manner, *, message: str | None, confirm: str | None = None) -> ExitCode:
    """Raises Failure."""
    body: dict[str, Any] = {"message": message, "confirm": confirm}
    said = {name: value for name, value in body.items() if value is not None}
    document = _send(terminal, said | ({"dryRun": True} if manner.dry_run else {}), key=manner.idempotency_key)
    answer = understood(document, ChatAnswer)
    if answer.confirmation is not None and (manner.yes or sys.stdin.isatty()):
        document = _confirmed(terminal, manner, answer, answer.confirmation)
        answer = understood(document, ChatAnswer)
    if manner.wait and answer.accepted and answer.run_ids:
        return _wait(terminal, manner, document, answer)
    terminal.screen.show(document, reply_text(answer.reply))
    if answer.confirmation is not None:
        wait = " --wait" if manner.wait else ""
        terminal.screen.hint(
            f"waybill chat --confirm {printable(answer.confirmation.token)}{wait}", purpose="Confirm it"
        )
    return exit_code_of_answer(answer)


def reply_text(reply: str) -> Text:
    """Its lines, of which none steers the terminal."""
    return Text("\n".join(printable(line) for line in reply.splitlines()))


def exit_code_of_answer(answer: ChatAnswer) -> ExitCode:
    if answer.accepted:
        return ExitCode.PARTLY_FAILED if answer.refusals else ExitCode.OK
    if answer.reason == "forbidden":
        return ExitCode.ACCESS
    return ExitCode.NOT_FOUND if answer.reason in NOT_FOUND else ExitCode.USAGE


def _confirmed(terminal: Terminal, manner: Manner, answer: ChatAnswer, confirmation: Confirmation) -> Any:
    """The answer to a yes, or to a no."""
    terminal.screen.say(reply_text(answer.reply))
    question = QUESTIONS.get(answer.language, QUESTIONS["en"])
    body = {"confirm": confirmation.token}
    if not manner.yes and not click.confirm(question, err=True):
        body["message"] = NO.get(answer.language, NO["en"])
    return _send(terminal, body, key=None)


def _wait(terminal: Terminal, manner: Manner, document: Any, answer: ChatAnswer) -> ExitCode:
    screen = terminal.screen
    screen.tell(reply_text(answer.reply))
    runs = follow_all(terminal, answer.run_ids, timeout_seconds=manner.timeout_seconds)
    if screen.as_json:
        screen.write_json(document | {"runs": runs})
    ended = exit_code_of_runs(runs)
    return ExitCode.PARTLY_FAILED if ended is ExitCode.OK and answer.refusals else ended


def _send(terminal: Terminal, body: dict[str, Any], *, key: str | None) -> Any:
    """Raises Failure, after it has said with which key the message may be sent again."""
    key = key or str(uuid4())
    for send in range(1, SENDS_MAX + 1):
        try:
            with terminal.screen.busy("Waiting for the answer"):
                return terminal.client.post("chat-ops", body=body, idempotency_key=key).body
        except Failure as error:
            if not _may_be_lost(error):
                raise
            if send == SENDS_MAX:
                terminal.screen.say(f"Sent again with --idempotency-key {key} it does nothing twice.")
                raise
        time.sleep(PAUSE_SECONDS)
    raise AssertionError("the last time returns or raises")


def _may_be_lost(error: Failure) -> bool:
    """Something was sent and no answer came back, or somebody is still at it."""
    sent = error.trouble.request_id is not None and error.exit_code in LOST
    return sent or error.trouble.code == BUSY
