"""All operational clocks of a shop: one for each zone, and one for each country that shares its zone's."""

from collections.abc import Sequence

from stafford.domain.flash_sale import FlashSale
from stafford.generator.calendar import ZONES
from stafford.generator.campaigns import Campaigns
from stafford.generator.customers import Customers
from stafford.generator.traffic import Stretch, Traffic
from stafford.generator.traffic_profile import TrafficProfile


class Clocks:
    """Strangers come by the clock of their zone, customers by their country's, which knows its holidays.

    Args:
        profile: curves, seasons and special days.
        device_shares: of sessions, in the order of DEVICES.
        people: who lives where.
        opens_at: UTC microseconds, a whole minute.
        sales: flash sales.
        campaigns: what brings more visits for days.
    """

    def __init__(
        self,
        profile: TrafficProfile,
        device_shares: Sequence[float],
        people: Customers,
        opens_at: int,
        sales: Sequence[FlashSale],
        campaigns: Campaigns,
    ) -> None:
        def start(zone: int, countries: Sequence[tuple[int, float]]) -> Traffic:
            return Traffic(profile, device_shares, ZONES[zone], countries, opens_at, sales, campaigns)

        self.of_zones = []
        self._of_countries: dict[int, Traffic] = {}
        for zone in range(len(ZONES)):
            countries = people.countries_of_zone(zone)
            self.of_zones.append(start(zone, countries or [(0, 1.0)]))
            for country, weight in countries:
                is_alone = len(countries) == 1
                self._of_countries[country] = (
                    self.of_zones[zone] if is_alone else start(zone, [(country, weight)])
                )

    def reach(self, start: int, end: int) -> tuple[list[Stretch], dict[int, Stretch]]:
        """Minutes that hold [start, end): of each zone, and of each country by its place among COUNTRIES."""
        zones = [traffic.reach(start, end) for traffic in self.of_zones]
        return zones, {country: t.reach(start, end) for country, t in self._of_countries.items()}
