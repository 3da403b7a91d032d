"""Notices that nobody reads any more what a command prints, also while it has nothing to print."""

import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class NobodyReads(Exception):  # noqa: N818 - it reads as a fact
    """Whoever was at the other end of the pipe has had enough."""


@contextmanager
def until_nobody_reads() -> Iterator[None]:
    """Around what waits for long, in the main thread. Raises NobodyReads."""
    gone, pipe = threading.Event(), _pipe()
    if pipe is not None:
        threading.Thread(target=_watch, args=(pipe, gone, threading.get_ident()), daemon=True).start()
    try:
        yield
    except (BrokenPipeError, SystemExit, KeyboardInterrupt) as error:  # rich ends the program at a broken pipe
        if pipe is None or (isinstance(error, KeyboardInterrupt) and not gone.is_set()):
            raise
        # What is left to be written when the program ends must not fail for it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), pipe)
        raise NobodyReads from None


def _pipe() -> int | None:
    """Where it is printed to, if that is a pipe."""
    with suppress(OSError):
        descriptor = sys.stdout.fileno()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return descriptor
    return None


def _watch(pipe: int, gone: threading.Event, main: int) -> None:
    """The main thread stands in a system call, which only a signal ends."""
    poll = select.poll()
    poll.register(pipe, 0)
    poll.poll()
    gone.set()
    with suppress(ProcessLookupError):
        signal.pthread_kill(main, signal.SIGINT)
