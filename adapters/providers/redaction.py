"""Other people's text made fit to keep: no secrets, no markup, no control characters, bounded."""

import re
from typing import Final

MESSAGE_CHARS_MAX: Final = 500
# What is looked at; a secret that is cut here is cut away again by MESSAGE_CHARS_MAX or still has the beginning of one.
TEXT_CHARS_MAX: Final = 20_000
SECRET_CHARS_MIN: Final = 8
REDACTED: Final = "[redacted]"
WEB_PAGE: Final = "a web page came instead of an answer of the API; perhaps a proxy in between failed"

MARKUP: Final = re.compile(r"<\s*(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
SECRETS: Final = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?:"  # also behind a line break as JSON writes it
    r"(?i:bearer)\s+[\w.~+/=*-]{8,}"
    r"|sk-[\w.*-]{4,}"  # OpenAI and Anthropic; their own messages show keys with stars in the middle
    r"|AIza[\w*-]{8,}"
    r"|wbn?_[\w*-]{6,}"  # our API keys, and passwords for NATS
    r"|whsec_[\w+/=*-]{6,}"  # what webhooks are signed with
    r"|PRIVATE\+KEY\+[^\s\"]+"  # the notary's
    r"|eyJ[\w-]{8,}(?:\.[\w-]*){0,2}"  # a JSON Web Token, whole or cut off
    r")"
)


def safe_text(text: str, *, secret: str = "") -> str:
    """`secret` is one that may stand in the text without looking like one."""
    text = text[:TEXT_CHARS_MAX]
    if MARKUP.search(text):
        return WEB_PAGE
    if len(secret) >= SECRET_CHARS_MIN:
        text = text.replace(secret, REDACTED)
    text = SECRETS.sub(REDACTED, text)
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= MESSAGE_CHARS_MAX else f"{text[: MESSAGE_CHARS_MAX - 1]}…"
