"""Measurements of Stafford beside others; no part of the package, and no test asserts a speed."""
