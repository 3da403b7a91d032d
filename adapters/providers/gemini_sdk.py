"""Google's official SDK with its surprises taken out: nothing from the environment, one kind of exception, answers as they came."""

import ssl
import warnings
from collections.abc import Awaitable
from typing import Any, Final

import httpx2
import msgspec
from google import genai
from google.genai import _interactions as interactions
from google.genai import errors
from google.genai._gaos import google_genai  # noqa: F401 - else the SDK loads it when first used, in the event loop
from google.genai.client import DebugConfig
from google.genai.types import HttpOptions, HttpRetryOptions
from msgspec import Struct

from adapters.providers.connection import Connection
from adapters.providers.failures import ReplyRefused

API_VERSION: Final = "v1beta"
# The SDK builds clients beside ours that are never used, and would load the machine's certificates for each.
UNUSED_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Told(Struct, frozen=True):
    """An error in one of the two forms in which Google writes them: as google.rpc, or as the Interactions API."""

    message: str
    code: int | str = ""
    status: str = ""

    @property
    def name(self) -> str:
        """The same in both forms; a code may be written as a URI."""
        return (self.status or str(self.code).rpartition("/")[2]).lower()


class _Refusal(Struct, frozen=True):
    error: Told


class _Silence:
    """A log: with GOOGLE_GENAI_DEBUG set the SDK would write down the key with every request."""

    def debug(self, *_: object, **__: object) -> None:
        return


def client_of(connection: Connection) -> genai.Client:
    """Raises ValueError, TypeError or ImportError when the SDK cannot be set up."""
    options = HttpOptions(
        base_url=connection.base_url,
        api_version=API_VERSION,
        retry_options=HttpRetryOptions(attempts=1),
        httpx_async_client=connection.lease.client,
        client_args={"verify": UNUSED_TLS, "trust_env": False},
        async_client_args={"verify": UNUSED_TLS, "ssl": UNUSED_TLS},
    )
    live = DebugConfig(client_mode=None, replays_directory=None, replay_id=None)
    return genai.Client(api_key=connection.credential, vertexai=False, http_options=options, debug_config=live)


def agents_of(connection: Connection) -> Any:
    """The SDK's resource, for `answer_to`: its own models accept anything, also nothing, so answers are taken raw.

    Raises as `client_of`.
    """
    client = client_of(connection)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Agents usage is experimental", UserWarning)
        agents = client.aio.agents
    agents.sdk_configuration.debug_logger = _Silence()
    agents.sdk_configuration.globals.user_project = None  # GOOGLE_GENAI_USER_PROJECT has no other switch
    return agents.with_raw_response


async def answer_to(request: Awaitable[Any]) -> httpx2.Response:
    """Whatever was answered, refusals too. Raises httpx2.HTTPError, which some parts of the SDK wrap and others do not."""
    try:
        response = (await request).http_response
    except interactions.APIConnectionError as error:
        raise (error.__cause__ or ReplyRefused(str(error))) from None
    except (interactions.APIError, errors.APIError) as error:
        response = getattr(error, "response", None)
        if response is None:
            raise ReplyRefused(str(error)) from None
    return response  # type: ignore[no-any-return]


def told_by(response: httpx2.Response) -> Told | None:
    """The error, if the refusal has a form of the API's own."""
    try:
        return msgspec.json.decode(response.content, type=_Refusal).error
    except msgspec.DecodeError:
        return None
