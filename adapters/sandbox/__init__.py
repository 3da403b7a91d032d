"""Providers emulated over real HTTP, with their rules, a ledger of what is live and faults on demand; imports no other room."""
