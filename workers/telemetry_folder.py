"""The folder in which the parts of `waybill up` count together, so that the API's `/metrics` speaks for all of them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from workers.settings import Settings
from workers.telemetry_settings import FOLDER_NAME, FOLDER_VARIABLE


def metrics_folder(settings: Settings) -> Path:
    return settings.data / FOLDER_NAME


def empty_folder(settings: Settings) -> None:
    """Counters begin at 0 whenever Waybill does; the parts that start again meanwhile go on where they ended."""
    folder = metrics_folder(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)


def counting_together(settings: Settings) -> Mapping[str, str]:
    """What is in a part's environment for that. A port of its own is for parts that are started apart."""
    return {FOLDER_VARIABLE: str(metrics_folder(settings)), "WAYBILL_METRICS_PORT": ""}
