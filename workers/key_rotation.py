"""Changing the key that stored credentials are sealed with, while everything runs, so that a crash anywhere loses nothing.

The order is what makes it safe: the new key is on the disk before it seals anything, and the former one goes when nothing that it
sealed is left, nor on its way. Run again after a crash, it goes on where it was.
"""

import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from adapters.postgres.resealing import Credentials, Resealed, stored_credentials
from adapters.postgres.sealing import Keys, split_keys
from workers.opening import postgres_url
from workers.settings import Settings, SettingsError, new_secret_key, secret_file, write_secret_file

# What a process sealed before the new key was there may be stored so much later; after that, every one has seen the new key.
SETTLED_SECONDS: Final = 30.0


class Rotation(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many credentials were sealed anew, left alone because no key opens them, and deleted because no connection has
    them any more. `former_key_removed`: from the key file; a key that is a setting is for its owner to remove.
    """

    reencrypted: int
    unreadable: int
    deleted: int
    former_key_removed: bool


def rotate(settings: Settings, *, tell: Callable[[str], None], settled_seconds: float = SETTLED_SECONDS) -> Rotation:
    """`tell` is told what is done next. Raises SettingsError, RotationUnderWayError, StoreOffline, OSError."""
    with stored_credentials(postgres_url(settings)) as credentials:
        if settings.secret_key:
            return _with_given_keys(credentials, settings.secret_key, tell)
        return _with_key_file(credentials, settings, tell=tell, settled_seconds=settled_seconds)


def _with_given_keys(credentials: Credentials, text: str, tell: Callable[[str], None]) -> Rotation:
    keys = _read(text, "WAYBILL_SECRET_KEY")
    if len(split_keys(text)) == 1:
        raise SettingsError(
            "WAYBILL_SECRET_KEY holds one key, so there is nothing to rotate. Put a new key and a comma before it, start every "
            "process with both, and then run this with both."
        )
    _check(credentials.survey(keys))
    deleted = credentials.delete_superseded()
    tell("Sealing with the first key of WAYBILL_SECRET_KEY")
    done = credentials.reseal(keys)
    return Rotation(
        reencrypted=done.resealed,
        unreadable=done.unreadable,
        deleted=deleted,
        former_key_removed=False,
    )


def _with_key_file(
    credentials: Credentials, settings: Settings, *, tell: Callable[[str], None], settled_seconds: float
) -> Rotation:
    path = secret_file(settings)
    if not path.exists():
        raise SettingsError(
            f"There is no {path}. If the servers are given WAYBILL_SECRET_KEY, give it here too; WAYBILL_DATA names the data folder."
        )
    text = path.read_text()
    _check(credentials.survey(_read(text, f"The file {path}")))
    deleted = credentials.delete_superseded()
    listed = split_keys(text)
    if len(listed) == 1:
        tell("Writing a new key")
        listed = [new_secret_key(), *listed]
        write_secret_file(settings, listed)
    keys = Keys.read(",".join(listed))
    tell("Sealing with the new key")
    done = credentials.reseal(keys)
    tell("Waiting for what is under way with the former key")
    time.sleep(min(max(0.0, path.stat().st_mtime + settled_seconds - time.time()), settled_seconds))
    late = credentials.reseal(keys)
    tell("Removing the former key")
    write_secret_file(settings, listed[:1])
    return Rotation(
        reencrypted=done.resealed + late.resealed,
        unreadable=late.unreadable,
        deleted=deleted,
        former_key_removed=True,
    )


def _read(text: str, source: str) -> Keys:
    try:
        return Keys.read(text)
    except ValueError as error:
        raise SettingsError(f"{source} cannot be used: {error}.") from None


def _check(survey: Resealed) -> None:
    """A key that opens nothing is not the one that the servers use: to make another out of it would help nobody."""
    if survey.rows and survey.unreadable == survey.rows:
        raise SettingsError(
            "None of the stored credentials opens with this key, so it is not the one that the servers use. Nothing was changed."
        )
