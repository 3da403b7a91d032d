"""The read side: one file per query over the read models; nothing here appends an event."""
