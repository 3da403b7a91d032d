"""Slack: whether a request is really from there, and what is posted back."""
