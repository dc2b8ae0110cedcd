"""Estimators of the processes that a shop's data are held against; pure functions of arrays."""
