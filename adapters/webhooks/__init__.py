"""Webhooks: alerts sent to addresses of other people's, signed as Standard Webhooks has it."""
