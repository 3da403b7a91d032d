"""What an adapter is built from: an address, what goes into headers, a deadline, and an HTTP client to share."""

from dataclasses import dataclass, field

from adapters.providers.http_clients import Lease
from domain.errors import Code
from domain.ports import ProviderError


# A dataclass, because it can keep the credential out of its repr; a struct cannot.
@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """`base_url` has passed `check_base_url`; `deadline_seconds` is the total for one call of the adapter; `base_agent` is
    what agents are built on, at providers where a skill is installed as an agent.
    """

    base_url: str
    credential: str = field(repr=False)
    organization: str | None = None
    project: str | None = None
    base_agent: str | None = None
    deadline_seconds: float
    lease: Lease


def header_text(text: str, *, what: str) -> str:
    """The text without white space around it. Raises ProviderError for one that no HTTP header can carry.

    Left to the SDKs, a bad credential would look like a connection that fails now and then.
    """
    text = text.strip()
    if not text:
        raise ProviderError(Code.PROVIDER_MISCONFIGURED, f"The {what} is empty.")
    if not all("!" <= char <= "~" for char in text):
        raise ProviderError(
            Code.PROVIDER_MISCONFIGURED, f"The {what} holds white space or characters that are not ASCII."
        )
    return text
