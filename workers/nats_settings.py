"""Settings of NATS: the users of `nats.conf`, their passwords, and the authorities that a server with TLS is trusted by."""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, get_args
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from workers.environment_values import read_certificates

NatsUser = Literal["relay", "installer", "scheduler", "watchdog", "notary", "alerts", "api", "subscriber"]

USERS: Final[tuple[NatsUser, ...]] = get_args(NatsUser)
# `nats.conf` takes a variable's text as it stands, where it must not look like a number, and a URL has to hold it.
PASSWORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{15,127}")
PASSWORD_BYTES: Final = 24
# So that a scanner knows one when it sees it, as our logs do.
PASSWORD_PREFIX: Final = "wbn_"  # noqa: S105 - what passwords begin with


class NatsSettings(Struct, frozen=True, kw_only=True):
    """`passwords` are those of the environment, by user."""

    passwords: Mapping[NatsUser, str] = {}
    ca_file: Path | None = None


def read_nats(environment: Mapping[str, str]) -> NatsSettings:
    """Raises ValueError."""
    ca_file = read_certificates(environment, "WAYBILL_NATS_CA_FILE")
    return NatsSettings(passwords=read_passwords(environment), ca_file=ca_file)


def read_passwords(variables: Mapping[str, str]) -> dict[NatsUser, str]:
    """Those that are set. Raises ValueError."""
    passwords = {user: password for user in USERS if (password := variables.get(password_variable(user)))}
    for user, password in passwords.items():
        if not PASSWORD.fullmatch(password):
            raise ValueError(
                f"{password_variable(user)} must begin with a letter and be 16 to 128 letters, digits, - and _: nats.conf "
                "takes it as it stands, and it has to fit into a URL."
            )
    return passwords


def password_variable(user: NatsUser) -> str:
    return f"WAYBILL_NATS_{user.upper()}_PASSWORD"


def password_variables(passwords: Mapping[NatsUser, str]) -> dict[str, str]:
    """As `nats.conf` wants them in its environment."""
    return {password_variable(user): password for user, password in passwords.items()}


def new_passwords() -> dict[NatsUser, str]:
    return {user: f"{PASSWORD_PREFIX}{secrets.token_hex(PASSWORD_BYTES)}" for user in USERS}


def url_for(url: str, user: NatsUser, password: str | None) -> str:
    """Whose user it named before is not told; without a password there is none to be named."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    named = place if password is None or "@" in parts.netloc else f"{user}:{password}@{place}"
    return urlunsplit(parts._replace(netloc=named))
