"""Breaks a running platform on purpose, lets it recover as an operator would, and asks what was lost."""
