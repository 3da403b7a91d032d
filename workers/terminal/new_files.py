"""Files that commands write: never over what is there already."""

from pathlib import Path

from workers.terminal.failures import Failure, failure


def write_new(path: Path, content: bytes, *, code: str = "bad_request:api") -> None:
    """Raises Failure, also if something is there."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise there_already(path, code=code) from None
    except OSError as error:
        raise cannot_write(path, f"cannot be written: {error.strerror}", code=code) from error


def there_already(path: Path, *, another: str = "another file", code: str = "bad_request:api") -> Failure:
    return cannot_write(path, f"is there already; move it, or name {another}", code=code)


def cannot_write(path: Path, why: str, *, code: str = "bad_request:api") -> Failure:
    return failure(code, f"{path} {why}.", title="Not written")
