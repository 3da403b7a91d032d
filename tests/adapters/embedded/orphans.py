"""A Waybill that dies: starts a server in a child process, and kills the child with SIGKILL."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
AND_WAIT = "print(server.pid, flush=True); sys.stdin.read()"


def start_and_die(program: str, *arguments: Path) -> int:
    """The pid of the server that was started by `program`, which leaves it in `server`; its starter is dead by then."""
    preamble = f"import sys; from pathlib import Path; sys.path.insert(0, {str(REPOSITORY)!r})"
    command = [sys.executable, "-c", f"{preamble}\n{program}\n{AND_WAIT}", *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            return int(child.stdout.readline())
        finally:
            child.kill()
