"""The file that WAYBILL_WEBHOOKS names: a table for each webhook that alerts are sent to."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from adapters.webhooks.signing import Signing
from adapters.webhooks.webhook import Webhook
from domain.alert.rules import RuleName, Severity
from workers.doctor_checks import is_near
from workers.environment_values import read_path

VARIABLE: Final = "WAYBILL_WEBHOOKS"
FILE_BYTES_MAX: Final = 64 * 1024
# As many as an alert is put before at once.
WEBHOOKS_MAX: Final = 16
# It stands in a subject of NATS, and is the name of a consumer there.
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
URL_CHARS_MAX: Final = 2_000


class WebhookTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`secret` is one, or several while it is changed, the newest first."""

    url: str
    secret: str | list[str]
    severities: tuple[Severity, ...] = ()
    rules: tuple[RuleName, ...] = ()


class WebhookSettings(Struct, frozen=True, kw_only=True):
    """`file` is where they are from; it holds their secrets."""

    all: tuple[Webhook, ...] = ()
    file: Path | None = None


def read_webhooks(environment: Mapping[str, str]) -> WebhookSettings:
    """None of them without the variable. Raises ValueError with a message that names the file and the key, and no secret."""
    path = read_path(environment, VARIABLE)
    if path is None:
        return WebhookSettings()
    document = _document(path)
    if len(document) > WEBHOOKS_MAX:
        raise ValueError(f"{VARIABLE}: {path} has {len(document)} webhooks; at most {WEBHOOKS_MAX} are sent to.")
    return WebhookSettings(all=tuple(_webhook(path, name, table) for name, table in document.items()), file=path)


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ValueError(
                f"{VARIABLE} must name a TOML file of at most {FILE_BYTES_MAX} bytes, which {path} is not."
            )
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(
            f"{VARIABLE} must name a TOML file with a table for each webhook; {path}: {error.strerror}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{VARIABLE}: {path} is no TOML: {error}.") from None


def _webhook(path: Path, name: str, table: Any) -> Webhook:
    place = f"{VARIABLE}: {path}: [{name}]"
    if not NAME.fullmatch(name):
        raise ValueError(f"{place} must be named with a-z, 0-9 and -, at most 32 of them.")
    try:
        wanted = msgspec.convert(table, WebhookTable)
    except msgspec.ValidationError as error:
        raise ValueError(f"{place} {error}.") from None
    if reason := _fault_of(wanted.url):
        raise ValueError(f"{place} url {reason}.")
    secrets = [wanted.secret] if isinstance(wanted.secret, str) else wanted.secret
    try:
        signing = Signing(secrets)
    except ValueError as error:
        raise ValueError(f"{place} secret: {error}.") from None
    return Webhook(name=name, url=wanted.url, signing=signing, severities=wanted.severities, rules=wanted.rules)


def _fault_of(url: str) -> str | None:
    """What is wrong with it, without it: addresses like these are as good as secrets."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or len(url) > URL_CHARS_MAX or not (url.isascii() and url.isprintable()) or " " in url:
        return "must be a URL such as https://alerts.example/waybill"
    if parts.scheme == "https" or (parts.scheme == "http" and is_near(host)):
        return None
    return "must begin with https://, or http:// for this machine alone"
