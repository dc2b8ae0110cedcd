"""Tables that batch jobs make of silver, day by day, beside the streams."""
