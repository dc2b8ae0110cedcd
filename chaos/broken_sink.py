"""`python -m chaos.broken_sink`: our command line with a silver that suspects nothing of being a double.

The control of the runner: with this in its place, it must fail.
"""

from pyspark.sql import DataFrame

from stafford.cli.main import main
from stafford.lakehouse.silver import batch


def _suspect_nothing(records: DataFrame, _known: DataFrame) -> DataFrame:
    return records.filter("false")


if __name__ == "__main__":
    batch.find_suspects = _suspect_nothing
    main()
