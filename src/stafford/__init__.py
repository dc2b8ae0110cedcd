"""Stafford: an e-commerce data platform that knows the truth about every event it sent."""
