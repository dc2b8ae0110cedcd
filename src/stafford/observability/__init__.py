"""Structured logs, usable by every stage."""
