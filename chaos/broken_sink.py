"""`python -m chaos.broken_sink`: our command line with a silver that removes no doubles.

The control of the runner: with this in its place, it must fail.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.cli.main import main
from stafford.domain.outcome import Outcome
from stafford.lakehouse.silver import stream
from stafford.lakehouse.silver.deduplication import FATE


def _keep_all(records: DataFrame, _arrivals: DataFrame) -> DataFrame:
    good = F.size("reasons") == 0
    return records.withColumn(FATE, F.when(good, Outcome.SILVER.value).otherwise(Outcome.QUARANTINE.value))


if __name__ == "__main__":
    stream.decide_fates = _keep_all
    main()
