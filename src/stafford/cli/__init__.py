"""One Typer module per noun: parses and prints, no logic."""
