"""What is read from events, each by few questions in SQL: counts and samples, no verdicts."""
