"""What a replay did or would do, in numbers, with an example of each rule."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stafford.contracts import Contract
from stafford.domain.outcome import Resolution
from stafford.lakehouse.quarantine.judgement import Case
from stafford.lakehouse.quarantine.rule_file import Rule
from stafford.lakehouse.quarantine.samples import sample_value


@dataclass(slots=True)
class RuleOutcome:
    """What one rule met. before, after: the field of one record that it changed, personal data masked."""

    name: str
    action: str
    selected: int = 0
    changed: int = 0
    before: str | None = None
    after: str | None = None


@dataclass(slots=True)
class ReplayOutcome:
    """What became of the records that the rules selected; a record with several rules counts once here."""

    rules: list[RuleOutcome]
    selected: int = 0
    silver: int = 0
    duplicates: int = 0
    dropped: int = 0
    still_refused: int = 0
    changed_and_refused: int = 0
    """Of those still refused, the ones that were changed or have other reasons now."""
    refused_for: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Topic and first reason of those that are still refused."""
    finished_batches: int = 0
    """Earlier replays that a crash had cut off, and that were finished first."""

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "ReplayOutcome":
        """Nothing yet."""
        return cls([RuleOutcome(rule.name, rule.action) for rule in rules])

    def count(self, cases: Sequence[Case], contracts: Mapping[str, Contract]) -> None:
        """Take decided cases in."""
        by_name = {rule.name: rule for rule in self.rules}
        for case in cases:
            self.selected += 1
            self.silver += case.fate is Resolution.SILVER
            self.duplicates += case.fate is Resolution.DUPLICATE
            self.dropped += case.fate is Resolution.DROPPED
            if case.fate is Resolution.QUARANTINE:
                self.still_refused += 1
                self.changed_and_refused += case.is_news
                self.refused_for[case.row["topic"], case.reasons[0]] += 1
            for rule in case.rules:
                met = by_name[rule.name]
                met.selected += 1
                if rule.name in case.changed_by:
                    met.changed += 1
                    if met.before is None:
                        contract = contracts.get(case.row["topic"])
                        met.before = sample_value(case.row["value"], rule.where.field, contract)
                        met.after = sample_value(case.value, rule.where.field, contract)
