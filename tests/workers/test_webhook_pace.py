"""The attempts to deliver a message come ever more slowly, and not all at once."""

from workers.webhook_pace import Pace


def test_pauses_grow_to_an_hour_and_are_never_all_the_same() -> None:
    plain, halved = Pace(jitter=lambda: 0.0), Pace(jitter=lambda: 1.0)
    assert [plain.pause_seconds(attempt, retry_after_seconds=None) for attempt in (1, 2, 3, 10, 11, 5000)] == [
        5,
        10,
        20,
        2560,
        3600,
        3600,
    ]
    assert halved.pause_seconds(1, retry_after_seconds=None) == 2.5
    assert plain.pause_seconds(1, retry_after_seconds=100) == 100
    assert plain.pause_seconds(1, retry_after_seconds=1e9) == 3600
    assert plain.pause_seconds(4, retry_after_seconds=1) == 40
    assert len({Pace().pause_seconds(3, retry_after_seconds=None) for _ in range(20)}) > 1
