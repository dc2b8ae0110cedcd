"""Makes the events of a shop: pure, seeded, and with the truth about each of them."""

from stafford.generator.assembly import Batch
from stafford.generator.mess_profile import Defect
from stafford.generator.profile import Profile, find_profile, load_profile
from stafford.generator.shop import GENERATOR_VERSION, Shop, Stream

__all__ = [
    "GENERATOR_VERSION",
    "Batch",
    "Defect",
    "Profile",
    "Shop",
    "Stream",
    "find_profile",
    "load_profile",
]
