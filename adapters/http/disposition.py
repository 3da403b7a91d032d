"""The names that a part of a form says of itself: of its field, and of its file."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from domain.errors import BadRequest
from domain.skill.refusals import quoted

PARAMETER: Final = re.compile(
    r'[ \t]*;[ \t]*(?P<name>[A-Za-z0-9_*-]+)[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s";]+))'
)
EXTENDED: Final = re.compile(r"utf-8'[A-Za-z0-9-]*'(?P<value>.*)", re.IGNORECASE)
# Browsers escape these three and nothing else; older clients put a backslash before a quote.
ESCAPES: Final = {"%22": '"', "%0D": "\r", "%0A": "\n", '\\"': '"'}
ESCAPED: Final = re.compile("|".join(map(re.escape, ESCAPES)))


def read_disposition(disposition: str) -> Mapping[str, str]:
    """The parameters of a `Content-Disposition`, decoded; each may be there once. Raises BadRequest.

    The parser's own reading of a file name keeps only what follows the last backslash, and passes over `filename*`.
    """
    position = max(disposition.find(";"), 0)
    parameters: dict[str, str] = {}
    while match := PARAMETER.match(disposition, position):  # ends with the header, which is bounded
        name = match["name"].lower()
        if name in parameters:
            break
        value = match["token"] if match["quoted"] is None else match["quoted"]
        parameters[name] = _extended(value) if name.endswith("*") else ESCAPED.sub(lambda one: ESCAPES[one[0]], value)
        position = match.end()
    if disposition[position:].strip(" \t;"):
        raise BadRequest(f"The form cannot be read: a part has the `Content-Disposition` {quoted(disposition)}.")
    return parameters


def _extended(value: str) -> str:
    """RFC 8187: `UTF-8''caf%C3%A9.md`. Raises BadRequest."""
    match = EXTENDED.fullmatch(value)
    try:
        if match is not None:
            return unquote_to_bytes(match["value"]).decode()
    except UnicodeDecodeError:
        pass
    raise BadRequest(f"The form cannot be read: {quoted(value)} is no name in UTF-8, percent-encoded.")
