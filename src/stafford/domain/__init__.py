"""Pure frozen types that every stage shares: records, labels, windows and money."""
