"""`/slack`: a slash command and the buttons of its answers. There only if Slack is set up; who calls is known by the signature."""

from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from msgspec import Struct

from adapters.http.operations import Operation, described
from adapters.http.requests import NoParameters, QueryReader, received
from adapters.http.slack_conversation import Slack, Spoken
from adapters.http.slack_messages import CONFIRM, DECLINE
from adapters.http.tracing import trace_of
from domain.chat.said import MESSAGE_CHARS_MAX
from domain.errors import BadRequest, Code, Unauthorized

BODY_BYTES_MAX: Final = 64 * 1024
FIELDS_MAX: Final = 50
WORDS: Final = {CONFIRM: "yes", DECLINE: "no"}
NO_QUERY: Final = QueryReader(NoParameters)


class SlashCommand(Struct, frozen=True, kw_only=True):
    """`/waybill ...` as Slack sends it, as a form; `ssl_check` comes alone, to see whether anybody is there."""

    team_id: str = ""
    user_id: str = ""
    text: str = ""
    trigger_id: str = ""
    response_url: str = ""
    ssl_check: str = ""


class Person(Struct, frozen=True, kw_only=True):
    id: str


class Pressed(Struct, frozen=True, kw_only=True):
    """A button, by its name, with the token that it stands for."""

    action_id: str
    value: str = ""


class Interaction(Struct, frozen=True, kw_only=True):
    """What the form's field `payload` holds."""

    type: Literal["block_actions"]
    team: Person
    user: Person
    actions: tuple[Pressed, ...]
    response_url: str = ""


@post(
    "/slack/commands",
    opt=described(
        Operation(
            id="hearSlackCommand",
            summary="A slash command of Slack; answered at once, or later at its `response_url`",
            answers={200: ("A message of Slack.", None)},
            public=True,
            refuses=(Code.UNAUTHORIZED,),
        )
    ),
)
async def hear_slack_command(request: Request[Any, Any, Any], slack: NamedDependency[Slack]) -> Response[Any]:
    NO_QUERY.read(request)
    command = msgspec.convert(await _form(request, slack), SlashCommand)
    if command.ssl_check:
        return Response(None, status_code=200)
    spoken = Spoken(
        user=f"{command.team_id}/{command.user_id}",
        text=command.text.strip()[:MESSAGE_CHARS_MAX] or "help",
        delivery=command.trigger_id,
        response_url=command.response_url,
    )
    return Response(await slack.hear(spoken, trace_of(request.scope)), status_code=200)


@post(
    "/slack/interactions",
    opt=described(
        Operation(
            id="hearSlackButton",
            summary="A button of an answer in Slack; what comes of it is posted at its `response_url`",
            answers={200: ("Nothing.", None)},
            public=True,
            refuses=(Code.UNAUTHORIZED,),
        )
    ),
)
async def hear_slack_button(request: Request[Any, Any, Any], slack: NamedDependency[Slack]) -> Response[Any]:
    NO_QUERY.read(request)
    form = await _form(request, slack)
    try:
        pressed = msgspec.json.decode(form.get("payload", ""), type=Interaction)
    except msgspec.DecodeError:
        raise BadRequest("The form has no payload of a pressed button.") from None
    for button in pressed.actions:
        if button.action_id in WORDS:
            spoken = Spoken(
                user=f"{pressed.team.id}/{pressed.user.id}",
                text=WORDS[button.action_id],
                delivery=button.value,
                response_url=pressed.response_url,
                confirm=button.value,
            )
            await slack.hear(spoken, trace_of(request.scope))
    return Response(None, status_code=200)


async def _form(request: Request[Any, Any, Any], slack: Slack) -> dict[str, str]:
    """Of a field that comes twice the last one counts. Raises BadRequest, BodyTooLarge, Unauthorized."""
    body = b"".join([chunk async for chunk in received(request, bytes_max=BODY_BYTES_MAX)])
    headers = dict(request.scope["headers"])
    signed = slack.is_genuine(
        body,
        timestamp=headers.get(b"x-slack-request-timestamp", b""),
        signature=headers.get(b"x-slack-signature", b""),
    )
    if not signed:
        raise Unauthorized("The signature is not one of Slack, or is older than five minutes.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        raise BadRequest("The body is not a form.") from None
