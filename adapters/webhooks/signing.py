"""Signs what is sent, as Standard Webhooks has it (https://www.standardwebhooks.com), by the library of that name."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

PREFIX: Final = "whsec_"
# What the specification asks for.
SECRET_BYTES_MIN: Final = 24
SECRET_BYTES_MAX: Final = 64


class Signing:
    """`secrets` are the receiver's, the newest first; more than one while they are changed. Raises ValueError, without them."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._webhooks = tuple(Webhook(_key(secret)) for secret in secrets)
        if not self._webhooks:
            raise ValueError("at least one secret is needed")

    def headers(self, body: bytes, *, message_id: str, at: datetime) -> Mapping[str, str]:
        """`at` is when it is sent, aware of its zone."""
        seconds = int(at.timestamp())
        # The library takes a time without its zone, or with any, for UTC.
        moment = datetime.fromtimestamp(seconds, UTC)
        text = body.decode()
        signatures = [webhook.sign(message_id, moment, text) for webhook in self._webhooks]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(signatures),
        }


def _key(secret: str) -> bytes:
    """The library passes over what is not base64, and would sign with a shorter key than was meant."""
    wrong = f"a secret is {PREFIX} and the base64 of {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} random bytes"
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(wrong) from None
    if not secret.startswith(PREFIX) or not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise ValueError(wrong)
    return key
