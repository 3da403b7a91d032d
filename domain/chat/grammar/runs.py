"""What runs are narrowed down by."""

from typing import Final

from domain.install_run.state import RunStatus

FAILED: Final[tuple[RunStatus, ...]] = (RunStatus.FAILED, RunStatus.PARTIAL_FAILED)
PARTIAL: Final[tuple[RunStatus, ...]] = (RunStatus.PARTIAL_FAILED,)
ACTIVE: Final[tuple[RunStatus, ...]] = (RunStatus.QUEUED, RunStatus.RUNNING)
RUNNING: Final[tuple[RunStatus, ...]] = (RunStatus.RUNNING,)
QUEUED: Final[tuple[RunStatus, ...]] = (RunStatus.QUEUED,)
SUCCEEDED: Final[tuple[RunStatus, ...]] = (RunStatus.SUCCESS,)
