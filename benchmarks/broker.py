"""A broker of our own for a measurement, on other cores than what is measured."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import pinned
from stafford.runtime.broker import Broker
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import Java, find_java
from stafford.settings import Settings
from stafford.transport.admin import answers


@dataclass(frozen=True, slots=True)
class Running:
    """A broker, and what Kafka's own tools need. jars: folders with Kafka's and with its tools'."""

    bootstrap: str
    java: Java
    jars: Sequence[Path]


@contextmanager
def running_broker(
    settings: Settings, folder: Path, cores: Sequence[int], port: int, progress: Callable[[str], None]
) -> Iterator[Running]:
    """Start a broker in a new folder, on all cores but the last, and end it afterwards.

    Raises:
        ConfigError: there is no Java.
        NotReady: the jars cannot be downloaded, or the broker does not start in time.
    """
    java = find_java()
    jars = [ensure_jars(bundle, settings.cache_dir, java, progress) for bundle in ("kafka", "kafka-tools")]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    broker = Broker(folder / "broker", jars[0], java, probe=answers)
    try:
        progress("starting a broker")
        with pinned(list(cores[:-1]) or list(cores)):
            bootstrap = broker.start(port=port, wait_s=120).bootstrap
        yield Running(bootstrap, java, jars)
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)
