"""Behind a chat message: what it means, what is going to be done about it, and doing that; `commands/converse.py` puts it together."""
