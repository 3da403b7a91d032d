"""What chat reads, of one story in each module."""
