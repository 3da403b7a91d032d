"""The rules at work: each looks at what it was shown and says what has changed, and one that fails is in nobody's way."""

from datetime import datetime
from typing import Final

import structlog

from domain.alert.rules import RuleName, Rules
from domain.alert.standing import Situation
from domain.alert.watch import Changes, OpenAlerts, Watch, changes
from domain.events import Recorded

QUIET: Final = Changes(said=(), over=())
# That the record does not hold is found out by the notary, and is its to take back.
EVALUATED: Final = tuple(rule for rule in RuleName if rule is not RuleName.AUDIT_VERIFICATION_FAILED)

log = structlog.get_logger(__name__)


class RulesAtWork:
    """Show it every event once, in order; then it says of each rule what is to be raised, said again and resolved."""

    def __init__(self, rules: Rules) -> None:
        self._watch = Watch(rules)
        self._failed: dict[RuleName, str] = {}
        self.open_alerts = OpenAlerts()

    def take(self, recorded: Recorded) -> None:
        self.open_alerts.take(recorded)
        for rule, fold in self._watch.folds.items():
            try:
                fold(recorded)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other rules go on
                self.complain(rule, error, position=recorded.position)

    def changes(self, rule: RuleName, situation: Situation, *, now: datetime) -> Changes:
        """Nothing of a rule that fails: its alerts stay as they are."""
        opened = self.open_alerts.of(rule)
        try:
            findings = self._watch.findings(rule, situation, now=now, opened=opened)
        except Exception as error:  # noqa: BLE001 - as above
            self.complain(rule, error)
            return QUIET
        return changes(findings, opened, now=now)

    def complain(self, rule: RuleName, error: Exception, **facts: int) -> None:
        """Said once for each thing that is wrong with it, since it is asked every second."""
        reason = f"{type(error).__name__}: {error}"
        if self._failed.get(rule) != reason:
            self._failed[rule] = reason
            log.error("alert_rule_failed", rule=rule.value, exc_info=error, **facts)
