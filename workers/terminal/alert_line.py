"""What is said of an alert, on a line that a person reads at a glance."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from workers.terminal.alert_view import fact_text, severity_text
from workers.terminal.answers import Answered, understood
from workers.terminal.failures import Failure
from workers.terminal.wording import moment, printable

SEVERITY_WIDTH: Final = len("critical")
KIND_WIDTH: Final = len("repeated")
RULE_WIDTH: Final = len("audit-verification-failed")
_KINDS: Final = {"raised": "red", "repeated": "yellow", "resolved": "green", "test": "cyan"}


class SaidAlert(Answered, frozen=True, kw_only=True):
    kind: str
    rule: str
    severity: str
    subject: str
    at: datetime
    facts: Mapping[str, Any] = {}
    times: int | None = None
    runbook: str | None = None


def alert_line(document: Any, *, subject: str) -> Text:
    """`subject` names it where a newer Waybill says it in a way that is not understood here."""
    try:
        alert = understood(document, SaidAlert)
    except Failure:
        return Text(f"{printable(subject)} {printable(str(document))}")
    severity = severity_text(alert.severity)
    severity.pad_right(SEVERITY_WIDTH - len(severity))
    line = Text(f"{moment(alert.at)}  ")
    line.append_text(severity).append("  ")
    line.append(f"{printable(alert.kind):<{KIND_WIDTH}}", style=_KINDS.get(alert.kind, "")).append("  ")
    line.append(f"{printable(alert.rule):<{RULE_WIDTH}}  ").append(printable(alert.subject), style="bold")
    if alert.facts:
        line.append("  " + " ".join(f"{printable(name)}={fact_text(value)}" for name, value in alert.facts.items()))
    if alert.times is not None and alert.times > 1:
        line.append(f"  said {alert.times} times")
    if alert.runbook and alert.kind != "resolved":
        line.append(f"  {printable(alert.runbook)}", style="dim")
    return line
