"""Where the parts find their passwords for NATS: in the environment, else in the data folder, where the first start leaves them."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from workers.nats_settings import (
    USERS,
    NatsUser,
    new_passwords,
    password_variable,
    password_variables,
    read_passwords,
)
from workers.private_files import write_private
from workers.settings import Settings, SettingsError

PASSWORDS_FILE: Final = "nats.env"


def passwords_file(settings: Settings) -> Path:
    return settings.data / PASSWORDS_FILE


def find_password(settings: Settings, user: NatsUser) -> str | None:
    """Raises SettingsError."""
    return settings.nats.passwords.get(user) or _stored(passwords_file(settings)).get(user)


def find_passwords(settings: Settings) -> dict[NatsUser, str]:
    """Of every user, for a server of our own; those that are nowhere yet are made. Raises SettingsError."""
    path = passwords_file(settings)
    stored = _stored(path)
    known = stored | dict(settings.nats.passwords)
    made = {user: password for user, password in new_passwords().items() if user not in known}
    if made:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, _lines(stored | made))
    return known | made


def write_new_passwords(path: Path) -> None:
    """For a server that somebody else runs. Raises FileExistsError."""
    write_private(path, _lines(new_passwords()), exclusive=True)


def own_password(settings: Settings, part: NatsUser | None) -> dict[str, str]:
    """What a part's environment says of passwords: its own alone. Raises SettingsError."""
    others = dict.fromkeys(map(password_variable, USERS), "")
    password = find_password(settings, part) if part else None
    return others | password_variables({part: password} if part and password else {})


def _stored(path: Path) -> dict[NatsUser, str]:
    with suppress(FileNotFoundError):
        lines = path.read_text().splitlines()
        try:
            return read_passwords(dict(line.split("=", 1) for line in lines if "=" in line))
        except ValueError as error:
            raise SettingsError(f"{path} cannot be used: {error}") from None
    return {}


def _lines(passwords: dict[NatsUser, str]) -> str:
    return "".join(f"{name}={password}\n" for name, password in password_variables(passwords).items())
