"""The read models: one file each, pure functions from events to rows, disposable and rebuilt from the events."""
