"""`waybill nats-env`: the passwords for a NATS server that somebody else runs with our `nats.conf`."""

from pathlib import Path

import rich_click as click

from workers.nats_passwords import write_new_passwords
from workers.settings import shared_folder
from workers.terminal.command import give_up, json_option, no_color_option
from workers.terminal.failures import failure
from workers.terminal.screen import Screen


@click.command("nats-env")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@no_color_option
def nats_env(*, file: Path, as_json: bool, no_color: bool) -> None:
    """Make a password for every NATS user and write them to FILE, for a server that you run yourself with our nats.conf.

    The file is for you alone and has a variable for each user, as systemd, docker and a shell read them. The server needs all
    of them; give each part its own, as WAYBILL_NATS_RELAY_PASSWORD, and subscribers theirs. `waybill up` with a server of its
    own needs none of this. A file that is there already stays as it is.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    try:
        write_new_passwords(file)
    except FileExistsError:
        detail = f"{file} is there already; nothing was changed."
        give_up(screen, failure("bad_request:nats-env", detail, title="Usage"))
    except OSError as error:
        give_up(screen, failure("internal:nats-env", f"{file} cannot be written: {error.strerror}.", title="File"))
    configuration = shared_folder() / "nats.conf"
    screen.show({"file": str(file), "configuration": str(configuration)}, str(file))
    screen.say(f"The configuration that goes with it: {configuration}")
