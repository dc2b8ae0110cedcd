"""Sends the lines of a file with our client and prints how fast, as JSON.

`python -m benchmarks.kafka.scripts.produce SETTINGS TOPIC SECONDS FILE`, SETTINGS as JSON of the client. A
quarter of the time on top is warm-up, and is not counted. The time ends when all are acknowledged; with
acks=0, when all are sent.
"""

import json
import sys
import time
from itertools import cycle
from pathlib import Path

import psutil
from confluent_kafka import Producer

_AT_ONCE = 1000


def main() -> None:
    """Send for as long as was asked."""
    settings, topic, seconds, file = sys.argv[1:]
    payloads = cycle(Path(file).read_bytes().split(b"\n")[:-1])
    failures: list[str] = []
    producer = Producer(
        {**json.loads(settings), "delivery.report.only.error": True, "queue.buffering.max.messages": 200_000}
    )

    def send_until(until: float) -> int:
        sent = 0
        while time.perf_counter() < until:
            for _ in range(_AT_ONCE):
                payload = next(payloads)
                while True:
                    try:
                        producer.produce(
                            topic, payload, on_delivery=lambda error, _: failures.append(str(error))
                        )
                    except BufferError:
                        producer.poll(0.01)  # the queue is full: wait until the broker has some of it
                    else:
                        break
            sent += _AT_ONCE
            producer.poll(0)
        return sent

    send_until(time.perf_counter() + float(seconds) / 4)
    producer.flush(60)
    process = psutil.Process()
    times, began = process.cpu_times(), time.perf_counter()
    rows = send_until(began + float(seconds))
    waiting = producer.flush(60)
    took, after = time.perf_counter() - began, process.cpu_times()
    if waiting:
        sys.exit(f"{waiting} records were not acknowledged within a minute")
    if failures:
        sys.exit(f"{len(failures)} records failed: {failures[0]}")
    cpu = after.user + after.system - times.user - times.system
    sys.stdout.write(json.dumps({"rows": rows, "seconds": took, "cpu_seconds": cpu}) + "\n")


if __name__ == "__main__":
    main()
