"""From quarantine back to silver: what was refused, rules that mend it, and replaying it."""
