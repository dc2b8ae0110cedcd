"""Numbers of customers and products that are not what they seem: no shop counts its own as far."""

SECOND_ACCOUNTS = 1_000_000_000
"""The second account of customer n has number n + SECOND_ACCOUNTS."""

TEST_ACCOUNTS = 2_000_000_000
"""The shop's own staff, who try whether ordering works."""

STAFF = 5
"""How many of them there are."""

UNKNOWN = 9_000_000_000
"""From here on nobody registered and nothing was launched."""

UNKNOWNS = 1_000_000
"""How many different ones are named by mistake."""
