"""What a customer's details are at any instant: city, address and consent, from the customer's hash alone.

Each of them changes at most once, within a year of registering or, for those of the base, of the opening.
Whoever asks later sees the change, so updates that repeat all fields never contradict each other.
"""

import numpy as np

from stafford.generator.calendar import DAY, MINUTE
from stafford.generator.profile import CustomersProfile
from stafford.generator.purchases import NEVER
from stafford.generator.randomness import Flags, Floats, Ints, Keys, draw_below, draw_unit

_YEAR = 365 * DAY
_CONSENT = 7
_MOVES, _MOVED_AT, _READDRESSES, _READDRESSED_AT, _DECIDES, _DECIDED_AT = 2, 3, 14, 15, 16, 17


class Details:
    """Details of the customers of one shop.

    Args:
        profile: how many change what.
        opens_at: UTC microseconds.
    """

    def __init__(self, profile: CustomersProfile, opens_at: int) -> None:
        self._profile = profile
        self._opens_at = opens_at

    def has_moved(self, keys: Keys, registered_at: Ints, at: Ints) -> Flags:
        """Whether each lives in another city than at first."""
        return self._find_move(keys, registered_at) <= at

    def has_other_address(self, keys: Keys, registered_at: Ints, at: Ints) -> Flags:
        """Whether each has another e-mail address than at first."""
        return self._find_new_address(keys, registered_at) <= at

    def consents(self, keys: Keys, registered_at: Ints, at: Ints) -> Flags:
        """Whether each agrees to marketing mail."""
        changed: Flags = self._find_decision(keys, registered_at) <= at
        return self._consents_first(keys) ^ changed

    def list_changes(self, keys: Keys, registered_at: Ints) -> list[Ints]:
        """When each moves, gets another address, and withdraws or gives consent; NEVER where they do not."""
        return [
            self._find_move(keys, registered_at),
            self._find_new_address(keys, registered_at),
            self._find_decision(keys, registered_at),
        ]

    def _consents_first(self, keys: Keys) -> Flags:
        first: Flags = draw_unit(keys, _CONSENT) < self._profile.consents
        return first

    def _find_move(self, keys: Keys, registered_at: Ints) -> Ints:
        return self._find(keys, registered_at, self._profile.moves, _MOVES, _MOVED_AT)

    def _find_new_address(self, keys: Keys, registered_at: Ints) -> Ints:
        return self._find(keys, registered_at, self._profile.new_addresses, _READDRESSES, _READDRESSED_AT)

    def _find_decision(self, keys: Keys, registered_at: Ints) -> Ints:
        share = np.where(self._consents_first(keys), self._profile.withdraws, self._profile.gives)
        return self._find(keys, registered_at, share, _DECIDES, _DECIDED_AT)

    def _find(self, keys: Keys, registered_at: Ints, share: float | Floats, draw: int, when: int) -> Ints:
        begins = registered_at.clip(self._opens_at)
        at = begins + MINUTE + draw_below(keys, when, _YEAR)
        at[draw_unit(keys, draw) >= share] = NEVER
        return at
