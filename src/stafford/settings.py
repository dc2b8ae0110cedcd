"""The only reader of the environment.

Every setting has a default that works on a laptop; an environment variable with the prefix
`STAFFORD_`, or a line of a `.env` file, overrides it.
"""

from functools import cached_property
from pathlib import Path

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """What a person may change, and where everything is."""

    model_config = SettingsConfigDict(
        env_prefix="STAFFORD_",
        env_file=".env",
        # A variable that is there and empty is one that nobody set.
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    home: Path = Field(Path("data/shop"), description="Everything that a run writes; safe to delete.")
    cache_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("stafford"),
        description="Downloads that every home shares: jars and tool environments.",
    )
    kafka: dict[str, str] = Field(
        default_factory=dict,
        description="Kafka client settings as JSON, such as bootstrap.servers and SASL_SSL; "
        "without bootstrap.servers the embedded broker of this home is used.",
    )
    kafka_port: int = Field(9092, ge=1, le=65535, description="First port that the embedded broker tries.")
    spool_max_mb: int = Field(
        4096,
        ge=1,
        description="Largest size of the spool, in MB; while it is full the stream waits for Kafka.",
    )
    spark_master: str = Field("local[2]", description="Spark master URL.")
    spark_driver_memory: str = Field("1g", description="Heap of the Spark driver.")
    spark_conf: dict[str, str] = Field(
        default_factory=dict,
        description="Spark settings as JSON that win over ours, such as the driver's address in a cluster.",
    )

    postgres: str = Field(
        "postgresql://warehouse@127.0.0.1:5432/warehouse",
        description="Where `--target postgres` goes, as libpq writes it; without a password.",
    )
    postgres_password_file: Path | None = Field(
        None, description="A file that holds the password; without one libpq's own ways stay open."
    )
    redis: str | None = Field(
        None,
        description="URL of the Redis that has the live numbers, such as redis://127.0.0.1:6379/0, without a "
        "password; without it there are none.",
    )
    redis_password_file: Path | None = Field(None, description="File with the password of that Redis.")

    @cached_property
    def home_dir(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().resolve()

    def command(self, words: str) -> str:
        """What a person types to run a command in this home, such as "stafford --home shop kafka start"."""
        is_usual = self.home == type(self).model_fields["home"].default
        return f"stafford {words}" if is_usual else f"stafford --home {self.home} {words}"

    @property
    def contracts_dir(self) -> Path:
        """The data contracts."""
        return PROJECT_DIR / "contracts"

    @property
    def config_dir(self) -> Path:
        """Topic plan, jar lock and business profiles."""
        return PROJECT_DIR / "config"

    @property
    def dbt_dir(self) -> Path:
        """The dbt project."""
        return PROJECT_DIR / "warehouse"

    @property
    def broker_dir(self) -> Path:
        """Data, log and process file of the embedded broker."""
        return self.home_dir / "kafka"

    @property
    def spool_dir(self) -> Path:
        """Segments that were accepted while no broker answered."""
        return self.home_dir / "spool"

    @property
    def lake_uri(self) -> str:
        """Root of the Delta tables."""
        return str(self.home_dir / "lake")

    @property
    def checkpoint_uri(self) -> str:
        """Root of the streaming checkpoints."""
        return str(self.home_dir / "checkpoints")

    @property
    def ledger_dir(self) -> Path:
        """The truth about every run."""
        return self.home_dir / "ledger"

    @property
    def duckdb_path(self) -> Path:
        """The embedded warehouse."""
        return self.home_dir / "warehouse.duckdb"

    @property
    def report_path(self) -> Path:
        """The report."""
        return self.home_dir / "report.html"
