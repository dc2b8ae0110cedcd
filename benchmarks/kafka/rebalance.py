"""The pause that a group sees while a member comes, or goes and comes back.

Three members read six partitions that each get a record every ten milliseconds. What is measured is what
they receive: the silence of a partition is the time between two of its records. Nobody's log is believed.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, pairwise

from confluent_kafka import Consumer, KafkaException, Producer

from benchmarks.kafka.lab import Lab
from benchmarks.kafka.result import Paused
from benchmarks.process import RunFailed

PARTITIONS, MEMBERS = 6, 3
EVERY_S = 0.01
UNUSUAL_S = 0.25
"""A partition that is silent for longer than this has stopped; without a rebalance it never is."""
_LIMIT_S = 60

EAGER, COOPERATIVE, NEW = "classic, eager", "classic, cooperative", "KIP-848"
PROTOCOLS = {
    EAGER: {"group.protocol": "classic", "partition.assignment.strategy": "range"},
    COOPERATIVE: {"group.protocol": "classic", "partition.assignment.strategy": "cooperative-sticky"},
    NEW: {"group.protocol": "consumer"},
}
JOIN, RESTART, STATIC = "a fourth member joins", "a member restarts", "a static member restarts"
CHANGES = (JOIN, RESTART, STATIC)


class _Member:
    # One consumer in a thread of its own, as it would be in a process of its own.

    def __init__(self, config: dict[str, str], topic: str, note: Callable[[int], None]) -> None:
        self.first = 0.0
        self._config, self._topic, self._note = config, topic, note
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave in good order."""
        self._end.set()
        self._thread.join(_LIMIT_S)

    def _run(self) -> None:
        consumer = Consumer(self._config)
        consumer.subscribe([self._topic])
        while not self._end.is_set():
            message = consumer.poll(0.05)
            if message is not None and message.error() is None:
                self.first = self.first or time.monotonic()
                self._note(int(message.partition() or 0))
        consumer.close()


def measure(lab: Lab, change: str, number: int, settle_s: float, watch_s: float) -> list[Paused]:
    """Measure one change with every protocol, at the same time on one broker, each on a topic of its own.

    Args:
        lab: the broker.
        change: one of CHANGES.
        number: of the round.
        settle_s: how long a group must have been undisturbed before.
        watch_s: how long it is watched after the member has its first record.
    """
    with ThreadPoolExecutor(len(PROTOCOLS)) as pool:
        asked = [
            pool.submit(_measure, lab, protocol, change, number, settle_s, watch_s) for protocol in PROTOCOLS
        ]
        return [future.result() for future in asked]


def _measure(lab: Lab, protocol: str, change: str, number: int, settle_s: float, watch_s: float) -> Paused:
    arrivals: list[list[float]] = [[] for _ in range(PARTITIONS)]

    def note(partition: int) -> None:
        arrivals[partition].append(time.monotonic())

    with lab.topic(PARTITIONS) as topic, _sending(lab.bootstrap, topic):

        def join(place: int) -> _Member:
            config = {
                "bootstrap.servers": lab.bootstrap,
                "group.id": topic,
                "auto.offset.reset": "earliest",
                "client.id": f"member-{place}",
                **PROTOCOLS[protocol],
            }
            if change == STATIC:
                config["group.instance.id"] = f"member-{place}"
            return _Member(config, topic, note)

        members = [join(place) for place in range(MEMBERS)]
        try:
            _wait_for_rest(arrivals, members, settle_s)
            began = time.monotonic()
            if change == JOIN:
                members.append(join(MEMBERS))
            else:
                members.pop().stop()
                time.sleep(1)
                members.append(join(MEMBERS - 1))
            while not members[-1].first:
                if time.monotonic() - began > _LIMIT_S:
                    raise RunFailed(f"{protocol}: the member got no record within {_LIMIT_S} s")
                time.sleep(0.05)
            time.sleep(watch_s)
            ended = time.monotonic()
        finally:
            for member in members:
                member.stop()
    silences = [_find_silence(times, began, ended) for times in arrivals]
    return Paused(
        protocol,
        change,
        number,
        max(silences),
        _find_silence(sorted(chain.from_iterable(arrivals)), began, ended),
        sum(silence > UNUSUAL_S for silence in silences),
        PARTITIONS,
        members[-1].first - began,
    )


def _find_silence(times: list[float], began: float, ended: float) -> float:
    inside = [moment for moment in times if began <= moment <= ended]
    return max(after - before for before, after in pairwise([began, *inside, ended]))


def _wait_for_rest(arrivals: list[list[float]], members: list[_Member], settle_s: float) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline:
        time.sleep(0.2)
        now = time.monotonic()
        is_quiet = all(times and _find_silence(times, now - settle_s, now) < UNUSUAL_S for times in arrivals)
        if is_quiet and all(member.first for member in members):
            return
    raise RunFailed(f"a group of {len(members)} did not come to rest within {_LIMIT_S} s")


@contextmanager
def _sending(bootstrap: str, topic: str) -> Iterator[None]:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "1"})
    end = threading.Event()

    def send() -> None:
        while not end.wait(EVERY_S):
            for partition in range(PARTITIONS):
                producer.produce(topic, b"tick", partition=partition)
            producer.poll(0)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
        try:
            producer.flush(10)
        except KafkaException as exc:
            raise RunFailed(f"the records of {topic} could not be sent: {exc}") from exc
