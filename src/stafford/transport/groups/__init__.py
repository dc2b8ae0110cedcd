"""Consumer groups: how far each has read, how far behind it is, and how to set it back."""

from stafford.transport.groups.coordinator import Groups
from stafford.transport.groups.position import Earliest, Group, Latest, Move, Position, Target

__all__ = ["Earliest", "Group", "Groups", "Latest", "Move", "Position", "Target"]
