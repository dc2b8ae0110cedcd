"""Everything that can go wrong, grouped by what the caller can do next.

StaffordError
  Transient               retry, with a limit
    TransportUnavailable  neither Kafka nor the spool took a batch
    SpoolFull             the spool has its largest size and Kafka takes nothing: wait
    NotReady              something that must run, such as a broker or a server, did not answer in time
    LiveUnavailable       Redis did not take or give the live numbers
    WorkerLost            a process of the command was killed: go on with --resume
  Terminal                stop and say why
    ConfigError           a setting, profile, plan or tool is wrong or missing
    HomeInUse             another command is writing to the same home or warehouse
    ContractViolation     a contract is not what its readers need
    UnsafeChange          a change would break key order or lose data
    CorruptDownload       a jar is not the one that was locked
    CorruptSegment        a spool segment's checksum does not match, other than at its torn tail
    OffsetOutOfRange      retention took records before they were read: data was lost
    StorageError          a disk is full or a folder cannot be written
    ReconciliationError   ledger and tables disagree

Library errors leave the room they happened in only as one of these, by `raise ... from exc`.
Messages say what happened, to what, and what to do next.
"""


class StaffordError(Exception):
    """Base of every error that a command reports without a traceback."""

    exit_code = 1


class Transient(StaffordError):
    """May heal by itself: retry, with a limit."""

    exit_code = 75  # EX_TEMPFAIL, sysexits.h


class TransportUnavailable(Transient):
    """No durable log took the batch."""


class SpoolFull(Transient):
    """The spool has no room for a batch now; Kafka makes room when it is back."""


class NotReady(Transient):
    """A component that must run did not answer within its bound."""


class LiveUnavailable(Transient):
    """Redis did not take or give the live numbers; everything else goes on."""


class WorkerLost(Transient):
    """A process that a command had started was killed; what it had completed is kept."""


class Terminal(StaffordError):
    """Will not heal by retrying: stop and say why."""


class ConfigError(Terminal):
    """A setting, a profile, a plan or a tool is wrong or missing."""

    exit_code = 78  # EX_CONFIG, sysexits.h


class HomeInUse(Terminal):
    """Another command is writing to the same home or warehouse."""


class ContractViolation(Terminal):
    """A contract is not what its readers need."""

    exit_code = 65  # EX_DATAERR, sysexits.h


class UnsafeChange(Terminal):
    """A change would break key order or lose data, and nobody allowed it."""


class CorruptDownload(Terminal):
    """A downloaded file is not the one that was locked."""


class CorruptSegment(Terminal):
    """A spool segment is damaged other than at its torn tail."""

    exit_code = 65


class OffsetOutOfRange(Terminal):
    """Retention took records before they were read."""

    exit_code = 65


class StorageError(Terminal):
    """A disk is full or a folder cannot be written."""

    exit_code = 74  # EX_IOERR, sysexits.h


class ReconciliationError(Terminal):
    """Ledger and tables disagree."""

    exit_code = 3
