"""What the logs say of a timer: what it is for, and the request because of which it was set."""

from domain.timers import SetTimer, TimerName


def facts_of(timer: SetTimer) -> dict[str, str]:
    subject = "run_id" if timer.timer.name is TimerName.TARGET else "subject"
    return {
        "timer": timer.timer.name.value,
        subject: str(timer.timer.subject),
        "provider_id": str(timer.timer.provider_id),
        "request_id": timer.request_id,
        "correlation_id": str(timer.correlation_id),
    }
