"""`waybill credentials`: rotate."""

from pathlib import Path

import rich_click as click
from rich.text import Text

from adapters.postgres.resealing import RotationUnderWayError
from domain.errors import StoreOffline
from workers.key_rotation import Rotation, rotate
from workers.settings import Settings, SettingsError, read_settings
from workers.terminal.command import give_up, json_option, no_color_option
from workers.terminal.failures import failure
from workers.terminal.screen import Screen
from workers.terminal.wording import counted


@click.group()
def credentials() -> None:
    """Change the key that stored credentials are encrypted with."""


@credentials.command("rotate")
@click.option("--data", type=click.Path(path_type=Path), help="The data folder of the servers (WAYBILL_DATA).")
@json_option
@no_color_option
def rotate_command(*, data: Path | None, as_json: bool, no_color: bool) -> None:
    """Encrypt every stored credential with a new key, while everything runs.

    With the key file of the data folder this makes a new key, encrypts everything with it and removes the former one, which
    takes half a minute. With WAYBILL_SECRET_KEY=NEW,OLD, which every running process must have been given before, it encrypts
    with the first key and leaves it to you to remove the other. It may be run again at any time, also after a crash. Credentials
    that no connection uses any more for an hour are deleted. It works on the database itself, on the machine of the servers.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    try:
        settings = read_settings(data=data)
        rotation = rotate(settings, tell=lambda doing: screen.say(Text(f"{doing}...", style="dim")))
    except SettingsError as error:
        give_up(screen, failure("bad_request:credentials", str(error), title="Usage"))
    except OSError as error:
        detail = f"The key file cannot be read or written: {error}. Every credential can still be opened."
        give_up(screen, failure("internal:credentials", detail, title="Key file"))
    except RotationUnderWayError as error:
        give_up(screen, failure("conflict:credentials", str(error.__doc__), title="Already under way"))
    except StoreOffline as error:
        give_up(screen, failure("offline:database", error.detail, title="Database unreachable"))
    screen.show(rotation, *outcome(rotation, settings))


def outcome(rotation: Rotation, settings: Settings) -> list[str]:
    lines = [f"{counted(rotation.reencrypted, 'credential')} encrypted with the new key"]
    if rotation.deleted:
        lines.append(f"{counted(rotation.deleted, 'credential')} deleted that no connection uses any more")
    if rotation.unreadable:
        lines.append(f"{counted(rotation.unreadable, 'credential')} left alone that no key opens: give them again")
    if settings.secret_key:
        lines.append(
            "No credential needs the other keys: start every process with the first key alone, then destroy them."
        )
    return lines
