"""`python -m chaos.broken_sink`: our command line with a silver that removes no doubles.

The control of the runner: with this in its place, it must fail.
"""

import pyarrow as pa

from stafford.cli.main import run
from stafford.lakehouse.silver import stream
from stafford.lakehouse.silver.memory import Memory


def _keep_all(stands: pa.Table, _memory: Memory) -> pa.Table:
    return stands


if __name__ == "__main__":
    stream.decide_fates = _keep_all
    run()
