"""Money is integer cents everywhere; only people see a decimal point."""


def format_cents(cents: int, currency: str = "EUR") -> str:
    """Write cents for people: 1234567 becomes "EUR 12,345.67"."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{currency} {sign}{whole:,}.{rest:02d}"
