"""Reads a topic with our client, as one member of a group, and prints when it did, as JSON.

`python -m benchmarks.kafka.scripts.consume BOOTSTRAP TOPIC GROUP SILENCE`: until nothing came for SILENCE
seconds. Times are seconds of the epoch, so that several members can be compared.
"""

import json
import sys
import time

from confluent_kafka import Consumer

_AT_ONCE = 5000


def main() -> None:
    """Read to the end of what the group gives this member."""
    bootstrap, topic, group, silence = sys.argv[1:]
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    rows, first, last = 0, 0.0, time.time()
    limit = last + 60
    while time.time() < (last + float(silence) if rows else limit):
        messages = consumer.consume(_AT_ONCE, 0.1)
        if messages:
            last = time.time()
            first = first or last
            rows += sum(message.error() is None for message in messages)
    consumer.close()
    sys.stdout.write(json.dumps({"rows": rows, "first": first, "last": last}) + "\n")


if __name__ == "__main__":
    main()
