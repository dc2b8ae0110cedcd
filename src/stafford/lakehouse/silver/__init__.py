"""Silver: typed by contract, one row per event_id; what does not fit is quarantined, never dropped."""
