"""Values of environment variables that more than one group of settings has: ports, and files in PEM form."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

PORT_MAX: Final = 65_535


def read_port(environment: Mapping[str, str], name: str) -> int | None:
    """None if it is not set. Raises ValueError."""
    text = environment.get(name)
    if text and (not text.isdecimal() or int(text) > PORT_MAX):
        raise ValueError(f"{name} must be a number from 0 to {PORT_MAX}.")
    return int(text) if text else None


def read_path(environment: Mapping[str, str], name: str) -> Path | None:
    """None if it is not set; there need not be anything."""
    return Path(text).absolute() if (text := environment.get(name)) else None


def read_certificates(environment: Mapping[str, str], name: str) -> Path | None:
    """A file with authorities to trust, None if it is not set. Raises ValueError."""
    path = read_path(environment, name)
    if path is not None and not path.is_file():
        raise ValueError(f"{name} must name a file with certificates in PEM form.")
    return path
