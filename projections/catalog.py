"""Every read model."""

from typing import Any, Final

from projections.alerts import ALERTS
from projections.api_keys import API_KEYS
from projections.audit_log import AUDIT_LOG
from projections.chat_actions import CHAT_ACTIONS
from projections.install_runs import INSTALL_RUNS
from projections.installations import INSTALLATIONS
from projections.providers import PROVIDERS
from projections.read_model import ReadModel
from projections.run_history import RUN_HISTORY
from projections.skills import SKILLS

READ_MODELS: Final[tuple[ReadModel[Any], ...]] = (
    SKILLS,
    PROVIDERS,
    INSTALL_RUNS,
    INSTALLATIONS,
    RUN_HISTORY,
    API_KEYS,
    CHAT_ACTIONS,
    ALERTS,
    AUDIT_LOG,
)
