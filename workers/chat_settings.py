"""What the environment says of the language model that may read what chat does not understand by itself."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

CHAT_MODEL: Final = "WAYBILL_CHAT_MODEL"
CONNECTION: Final = r"[a-z0-9][a-z0-9-]{0,62}"
# What a provider calls a model, also one with folders in its name; it becomes a part of an address.
MODEL: Final = r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}(/[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}){0,3}"
CHOSEN: Final = re.compile(f"(?P<connection>{CONNECTION})/(?P<model>{MODEL})")


class ChosenModel(Struct, frozen=True, kw_only=True):
    """`connection` is the name of the one that it is asked through, `model` what the provider there calls it."""

    connection: str
    model: str


def read_chat_model(environment: Mapping[str, str]) -> ChosenModel | None:
    """None, and no model is ever asked, if it is not set. Raises ValueError with a message that names the setting."""
    text = environment.get(CHAT_MODEL, "").strip()
    if not text:
        return None
    chosen = CHOSEN.fullmatch(text)
    if chosen is None:
        raise ValueError(
            f"{CHAT_MODEL} must be the name of a connection, a slash, and what the provider calls the model."
        )
    return ChosenModel(connection=chosen["connection"], model=chosen["model"])
