"""How Slack signs its requests (https://api.slack.com/authentication/verifying-requests-from-slack)."""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from typing import Final

# An older request may be somebody's recording.
AGE_SECONDS_MAX: Final = 300
TIMESTAMP: Final = re.compile(rb"[0-9]{1,12}")


class Signing:
    """`secrets` are those of the app, more than one while it is changed; `clock` gives seconds since 1970."""

    def __init__(self, secrets: tuple[str, ...], *, clock: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._clock = clock

    def is_genuine(self, body: bytes, *, timestamp: bytes, signature: bytes) -> bool:
        """`timestamp` and `signature` are the headers `X-Slack-Request-Timestamp` and `X-Slack-Signature`."""
        if not TIMESTAMP.fullmatch(timestamp) or abs(self._clock() - int(timestamp)) > AGE_SECONDS_MAX:
            return False
        return any(hmac.compare_digest(sign(body, timestamp=timestamp, secret=one), signature) for one in self._secrets)


def sign(body: bytes, *, timestamp: bytes, secret: str) -> bytes:
    return b"v0=" + hmac.new(secret.encode(), b"v0:" + timestamp + b":" + body, hashlib.sha256).hexdigest().encode()
