"""What the environment says of Slack: the secret that its requests are signed with, and whose key each user stands for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from workers.environment_values import read_path

USERS_BYTES_MAX: Final = 1024 * 1024
USER: Final = re.compile(r"[A-Z0-9]{2,32}/[A-Z0-9]{2,32}")


class SlackSettings(Struct, frozen=True, kw_only=True):
    """`users` maps `team/user` (`T0123ABCD/U0456EFGH`) to the id of an API key."""

    signing_secrets: tuple[str, ...]
    users: Mapping[str, str]


def read_slack(environment: Mapping[str, str]) -> SlackSettings | None:
    """None: there is no Slack. Raises ValueError with a message that names the setting."""
    secrets = tuple(
        one.strip() for one in environment.get("WAYBILL_SLACK_SIGNING_SECRET", "").split(",") if one.strip()
    )
    path = read_path(environment, "WAYBILL_SLACK_USERS")
    if bool(secrets) != (path is not None):
        raise ValueError("WAYBILL_SLACK_SIGNING_SECRET and WAYBILL_SLACK_USERS go together: set both, or neither.")
    return SlackSettings(signing_secrets=secrets, users=_users(path)) if path is not None else None


def _users(path: Path) -> Mapping[str, str]:
    wrong = 'WAYBILL_SLACK_USERS must name a JSON file such as {"T0123ABCD/U0456EFGH": "<id of an API key>"}'
    try:
        if path.stat().st_size > USERS_BYTES_MAX:
            raise ValueError(f"{wrong} of at most {USERS_BYTES_MAX} bytes.")
        users = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError) as error:
        raise ValueError(f"{wrong}; {path}: {error}.") from None
    if strange := next((user for user in users if not USER.fullmatch(user)), None):
        raise ValueError(f"{wrong}; {strange!r} is not team/user.")
    return users
