"""Slack, wired: whose key a user stands for, the command behind chat, and where answers are posted."""

from contextlib import AsyncExitStack

from adapters.http.slack_conversation import Slack
from adapters.http.slack_following import Following
from adapters.slack.response_urls import ResponseUrls
from adapters.slack.signing import Signing
from commands.authenticate import Authenticate
from commands.converse import ConverseHandler
from domain.chat.ports import ChatWorld
from workers.slack_settings import SlackSettings


def open_slack(
    stack: AsyncExitStack,
    settings: SlackSettings | None,
    *,
    authenticate: Authenticate,
    converse: ConverseHandler,
    world: ChatWorld,
) -> Slack | None:
    """None where it is not set up."""
    if settings is None:
        return None
    urls = ResponseUrls()
    stack.push_async_callback(urls.close)
    slack = Slack(
        is_genuine=Signing(settings.signing_secrets).is_genuine,
        users=settings.users,
        holder_of=authenticate.holder_of,
        converse=converse,
        follow=Following(world),
        post=urls.post,
    )
    stack.push_async_callback(slack.close)
    return slack
