"""What somebody who may do everything in the database does to the events, and how it has to be named.

In the store there are checkpoints over 7, 14 and 21 events. Event 21 publishes a skill, and two more are not signed yet.
"""

from typing import Final

SKILL: Final = 21
END: Final = 23
HERE: Final = 10

Place = tuple[str, int | None, int | None]


def closing_up(position: int, *, by: int = 1) -> tuple[str, ...]:
    """Everything behind a position moves up, and the head with it."""
    return (
        f"UPDATE events SET notification_id = -(notification_id - {by}) WHERE notification_id > {position}",  # noqa: S608 - numbers
        "UPDATE events SET notification_id = -notification_id WHERE notification_id < 0",
        f"UPDATE head SET position = position - {by}",  # noqa: S608 - as above
    )


def making_room(position: int) -> tuple[str, ...]:
    return closing_up(position - 1, by=-1)


def a_new_event(position: int) -> str:
    """Like the first one, with an id and a stream of its own."""
    return f"""
        INSERT INTO events (originator_id, originator_version, topic, state, notification_id)
        SELECT gen_random_uuid(), 1, topic,
               overlay(state PLACING convert_to(gen_random_uuid()::text, 'UTF8') FROM 8 FOR 36), {position}
        FROM events WHERE notification_id = 1
    """  # noqa: S608 - a number


TAMPERINGS: Final[dict[str, tuple[tuple[str, ...], Place]]] = {
    "changed_state": (
        (
            """UPDATE events SET state = convert_to(replace(convert_from(state, 'UTF8'), 'test-req', 'TEST-req'), 'UTF8')
            WHERE notification_id = 10""",
        ),
        ("changed", HERE, None),
    ),
    "changed_topic": (
        ("UPDATE events SET topic = 'install_run.run_failed' WHERE notification_id = 10",),
        ("changed", HERE, None),
    ),
    "changed_stream": (
        ("UPDATE events SET originator_id = gen_random_uuid() WHERE notification_id = 10",),
        ("changed", HERE, None),
    ),
    "changed_version": (
        ("UPDATE events SET originator_version = 99 WHERE notification_id = 10",),
        ("changed", HERE, None),
    ),
    "made_unreadable": (
        ("UPDATE events SET state = 'none' WHERE notification_id = 10",),
        ("changed", HERE, None),
    ),
    "changed_first": (
        ("UPDATE events SET topic = 'install_run.run_cancelled' WHERE notification_id = 1",),
        ("changed", 1, None),
    ),
    "deleted_with_a_hole": (
        ("DELETE FROM events WHERE notification_id = 10",),
        ("removed", HERE, None),
    ),
    "deleted_and_closed_up": (
        ("DELETE FROM events WHERE notification_id = 10", *closing_up(HERE)),
        ("removed", HERE, None),
    ),
    "several_deleted_and_closed_up": (
        ("DELETE FROM events WHERE notification_id BETWEEN 10 AND 12", *closing_up(12, by=3)),
        ("removed", HERE, 12),
    ),
    "deleted_at_the_end": (
        ("DELETE FROM events WHERE notification_id > 18",),
        ("removed", 19, 21),
    ),
    "deleted_at_the_end_and_the_head_moved_back": (
        ("DELETE FROM events WHERE notification_id > 18", "UPDATE head SET position = 18"),
        ("rolled_back", 19, 21),
    ),
    "inserted": (
        (*making_room(HERE), a_new_event(HERE)),
        ("inserted", HERE, None),
    ),
    "inserted_behind_the_head": (
        (a_new_event(END + 1),),
        ("inserted", END + 1, None),
    ),
    "inserted_before_the_first": (
        (a_new_event(0),),
        ("inserted", 0, None),
    ),
    "swapped": (
        (
            "UPDATE events SET notification_id = -notification_id WHERE notification_id IN (8, 15)",
            "UPDATE events SET notification_id = 23 + notification_id WHERE notification_id IN (-8, -15)",
        ),
        ("reordered", 8, None),
    ),
    "moved_to_the_end": (
        (
            "UPDATE events SET notification_id = 24 WHERE notification_id = 10",
            *closing_up(HERE),
            "UPDATE head SET position = 23",
        ),
        ("reordered", HERE, None),
    ),
    "head_moved": (
        ("UPDATE head SET position = 30",),
        ("head_moved", END + 1, 30),
    ),
    "tiles_changed": (
        ("UPDATE evidence_tiles SET hashes = set_byte(hashes, 5, 0)",),
        ("tiles_changed", 1, 256),
    ),
    "tiles_cut_off": (
        ("UPDATE evidence_tiles SET hashes = substring(hashes FOR 32)",),
        ("tiles_changed", 1, 256),
    ),
    "bundle_changed": (
        ("UPDATE bundle_files SET content = 'something else'",),
        ("bundle_changed", SKILL, None),
    ),
    "bundle_gone": (
        ("DELETE FROM bundle_files",),
        ("bundle_missing", SKILL, None),
    ),
    "a_version_removed_before_it_was_signed": (
        ("UPDATE events SET originator_version = 2 WHERE notification_id = 23",),
        ("removed", END, None),
    ),
}
