"""What a command's exit code says, and which error or outcome leads to which."""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """0 it is done. 1 something nobody foresaw. 2 the command or the request was wrong. 3 no valid key, or not with this role.
    4 it does not exist. 5 the run, or a verification, failed. 6 the run failed at some of its providers.
    7 it took longer than it may. 8 the server, or the database behind it, cannot be reached.
    """

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    ACCESS = 3
    NOT_FOUND = 4
    FAILED = 5
    PARTLY_FAILED = 6
    TIMEOUT = 7
    UNREACHABLE = 8
    # Beyond the contract's own, as shells have it: 128 + SIGINT.
    INTERRUPTED = 130


# By the first half of a problem's code, `type:surface`.
_BY_TYPE: Final = {
    "bad_request": ExitCode.USAGE,
    "not_allowed": ExitCode.USAGE,
    "conflict": ExitCode.USAGE,
    "too_large": ExitCode.USAGE,
    "unsupported": ExitCode.USAGE,
    "unprocessable": ExitCode.USAGE,
    "rate_limit": ExitCode.USAGE,
    "unauthorized": ExitCode.ACCESS,
    "forbidden": ExitCode.ACCESS,
    "not_found": ExitCode.NOT_FOUND,
    "timeout": ExitCode.TIMEOUT,
    "offline": ExitCode.UNREACHABLE,
    "internal": ExitCode.UNEXPECTED,
    "bad_response": ExitCode.UNEXPECTED,
}

_BY_RUN_STATUS: Final = {
    "success": ExitCode.OK,
    "failed": ExitCode.FAILED,
    "partial_failed": ExitCode.PARTLY_FAILED,
}


def exit_code_of_problem(code: str, *, status: int | None = None) -> ExitCode:
    """`status` is the HTTP status; it decides where a newer server sends a code that this version does not know."""
    known = _BY_TYPE.get(code.partition(":")[0])
    if known is not None:
        return known
    return ExitCode.UNEXPECTED if status is None or status >= 500 else ExitCode.USAGE


def exit_code_of_run(status: str) -> ExitCode:
    """That of a run that has ended."""
    return _BY_RUN_STATUS.get(status, ExitCode.UNEXPECTED)
