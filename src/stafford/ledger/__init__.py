"""The truth about every record that was sent, and its comparison with the tables."""
