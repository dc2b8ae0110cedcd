"""Wires the embedded broker: Java and locked jars are made sure of before it starts."""

from collections.abc import Callable

from stafford.runtime import broker_process
from stafford.runtime.broker import Broker
from stafford.runtime.broker_process import BrokerState
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import find_java
from stafford.settings import Settings
from stafford.transport.admin import answers


def build(settings: Settings, *, progress: Callable[[str], None]) -> Broker:
    """Make the embedded broker of the settings' home ready to start.

    Raises:
        ConfigError: there is no Java, or the jar lock is wrong.
        CorruptDownload: a jar is not the locked one.
        NotReady: the jars are not there yet and cannot be downloaded now.
    """
    java = find_java()
    jars = ensure_jars("kafka", settings.cache_dir, java, progress)
    return Broker(settings.broker_dir, jars, java, probe=answers)


def status(settings: Settings) -> BrokerState | None:
    """Describe the home's running broker; needs neither Java nor jars."""
    return broker_process.status(settings.broker_dir)


def stop(settings: Settings) -> bool:
    """End the home's broker; returns whether one was running."""
    return broker_process.stop(settings.broker_dir)
