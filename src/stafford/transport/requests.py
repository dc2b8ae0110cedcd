"""Asks the broker's admin interface within a bound, and says in our own errors what went wrong."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from tenacity import Retrying as Retries
from tenacity import retry_if_exception, stop_after_delay, wait_fixed

from stafford.errors import ConfigError, StaffordError, Terminal, TransportUnavailable
from stafford.transport.client import LOGGER, client_settings

Result = TypeVar("Result")

_NO_ANSWER = {
    KafkaError._TRANSPORT,  # noqa: SLF001 - its public name
    KafkaError._TIMED_OUT,  # noqa: SLF001 - its public name
    KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - its public name
}
_NO_LEADER = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}


class Requests:
    """One admin client. Each call ends within its bound, with an answer or with an error of ours."""

    def __init__(self, config: Mapping[str, str], client_id: str, timeout_s: float) -> None:
        """Prepare a client; connecting happens at the first call.

        Args:
            config: Kafka client settings; needs bootstrap.servers.
            client_id: how the broker's logs and quotas name us.
            timeout_s: bound of each call, in seconds.

        Raises:
            ConfigError: a setting is missing or unknown.
        """
        settings = client_settings(config, {"client.id": client_id, "reconnect.backoff.max.ms": 1000})
        self.bootstrap = config["bootstrap.servers"]
        self.timeout_s = timeout_s
        try:
            self.admin = AdminClient(settings, logger=LOGGER)
        except KafkaException as exc:
            raise ConfigError(
                f"Kafka refuses its settings: {exc.args[0].str()}; correct STAFFORD_KAFKA"
            ) from exc

    def close(self) -> None:
        """Let the connections go."""
        del self.admin

    def call(self, ask: Callable[[], Result]) -> Result:
        """Ask, and give the answer.

        Raises:
            TransportUnavailable: no broker answered within the bound.
            ConfigError: a topic that it is about is not on the broker.
            Terminal: the broker refused.
        """
        try:
            return ask()
        except FutureTimeoutError as exc:
            raise self.unavailable("it took too long") from exc
        except KafkaException as exc:
            raise self._explain(exc.args[0]) from exc

    def wait_for(self, future: "Future[Result]") -> Result:
        """Wait for one answer; raises as `call` does."""
        return self.call(lambda: future.result(self.timeout_s + 5))

    def wait_for_all(
        self, futures: Mapping[Any, "Future[Any]"], ignored: int | None = None
    ) -> dict[Any, Any]:
        """Wait for the answer about each subject; those that the broker refuses with `ignored` are left out.

        Raises as `call` does.
        """
        results = {}
        for subject, future in futures.items():
            try:
                results[subject] = self.wait_for(future)
            except StaffordError as error:
                if ignored is None or find_code(error) != ignored:
                    raise
        return results

    def wait_for_leaders(self, ask: Callable[[], Mapping[Any, "Future[Any]"]]) -> dict[Any, Any]:
        """Ask about partitions, again while one has no leader that knows it; raises as `call` does."""
        # The broker that leads a partition since a moment ago may not know it yet.
        attempts = Retries(
            stop=stop_after_delay(self.timeout_s),
            wait=wait_fixed(0.1),
            retry=retry_if_exception(lambda error: find_code(error) in _NO_LEADER),
            reraise=True,
        )
        return attempts(lambda: self.wait_for_all(ask()))

    def unavailable(self, reason: str) -> TransportUnavailable:
        """The error of a broker that does not answer."""
        return TransportUnavailable(
            f"Kafka at {self.bootstrap} did not answer within {self.timeout_s:g} s ({reason}); see "
            "`stafford kafka status`, start it with `stafford kafka start`"
        )

    def _explain(self, error: KafkaError) -> StaffordError:
        code, text = error.code(), error.str()
        if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return ConfigError(
                f"no such topic on the broker at {self.bootstrap} ({text}); see `stafford topics list`"
            )
        if error.retriable() or code in _NO_ANSWER:
            return self.unavailable(text)
        return Terminal(f"the broker at {self.bootstrap} refused: {text}")


def find_code(error: BaseException) -> int | None:
    """Kafka's code of an error that one of its own caused."""
    cause = error.__cause__
    return int(cause.args[0].code()) if isinstance(cause, KafkaException) else None
