"""Names, addresses and cities of customers, from numbers."""

from dataclasses import dataclass

from stafford.generator.accounts import SECOND_ACCOUNTS, TEST_ACCOUNTS
from stafford.generator.layout import NOTHING
from stafford.generator.vocabulary import ADDRESS_DOMAINS, CITIES, FIRST_NAMES, LAST_NAMES, STAFF_DOMAIN

_WORDS = 64  # more than any list of names has, so that digits of a name draw do not overlap


@dataclass(frozen=True, slots=True)
class Person:
    """How a customer appears in events; nobody real."""

    full_name: str
    email: str
    city: str | None


def write_people(
    numbers: list[int], countries: list[str], names: list[int], cities: list[int], addresses: list[int]
) -> list[Person]:
    """One person for each customer number.

    Args:
        numbers: customer numbers; they make addresses unique.
        countries: ISO 3166-1 alpha-2 codes.
        names: large draws that choose first and last name.
        cities: large draws that choose the city, or NOTHING.
        addresses: 0 for the first address of each, 1 for the one after it.
    """
    people = []
    for number, country, name, city, address in zip(
        numbers, countries, names, cities, addresses, strict=True
    ):
        first_names, last_names, towns = FIRST_NAMES[country], LAST_NAMES[country], CITIES[country]
        first, first_ascii = first_names[name % len(first_names)]
        last, last_ascii = last_names[name // _WORDS % len(last_names)]
        # Another address is with another provider, where names stand the other way round.
        domain = ADDRESS_DOMAINS[(name // _WORDS**2 + address) % len(ADDRESS_DOMAINS)]
        local = f"{last_ascii}.{first_ascii}" if address else f"{first_ascii}.{last_ascii}"
        town = None if city == NOTHING else towns[city % len(towns)]
        people.append(Person(f"{first} {last}", _write_address(number, local, domain), town))
    return people


def _write_address(number: int, name: str, domain: str) -> str:
    if number >= TEST_ACCOUNTS:
        return f"test{number - TEST_ACCOUNTS + 1}@{STAFF_DOMAIN}"
    if number >= SECOND_ACCOUNTS:
        # A tag behind the plus sign makes another address of the same mailbox (RFC 5233).
        return f"{name}{number - SECOND_ACCOUNTS}+2@{domain}"
    return f"{name}{number}@{domain}"
