"""Alerts: what a person has to know of, said once, said again while it lasts, and taken back when it is over."""
