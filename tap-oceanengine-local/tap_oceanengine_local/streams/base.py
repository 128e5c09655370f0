"""What all streams share: selection, fast records, bookmarks per account, failing accounts.

The Singer SDK keeps its state per record and its failures per run. Here a bookmark moves when a
window of days was read completely, and an account may fail without taking the others along. The
overrides below say which of the SDK's habits they replace; a contract test watches these habits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from tap_oceanengine_local.errors import FatalError, TapError
from tap_oceanengine_local.metrics import Field, schema_of
from tap_oceanengine_local.records import RowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.summary import StreamSummary
    from tap_oceanengine_local.tap import TapOceanEngineLocal

ACCOUNT_ID = Field("local_account_id", "id", "账户ID", "Local promotion account.")
ACCOUNT_NAME = Field(
    "local_account_name", "text", "账户名称", "Null when no source knows the name."
)


class LocalStream(Stream):
    """A stream of the tap; subclasses say what to read, this class how it becomes messages."""

    keys: ClassVar[tuple[str, ...]]
    fields: tuple[Field, ...]
    time_key: ClassVar[str | None] = None
    selected_by_default = False

    def __init__(self, tap: TapOceanEngineLocal) -> None:
        """Declare schema and keys."""
        super().__init__(tap, schema=schema_of(self.fields))
        self.tap = tap
        self.primary_keys = list(self.keys)
        self._is_plain: bool | None = None

    @property
    def shown(self) -> frozenset[str]:
        """Names of the selected properties, as far as SCHEMA messages have them too."""
        known = self.stream_maps[0].raw_schema["properties"]
        return frozenset(
            field.name
            for field in self.fields
            if field.name in known and self.mask["properties", field.name]
        )

    @property
    def progress(self) -> StreamSummary:
        """This stream's part of the run summary."""
        return self.tap.summary.of(self.name)

    def fail(self, account: Account, where: str, error: Exception) -> None:
        """Note that an account has failed; the others go on.

        Raises:
            Exception: The error concerns more than this account.
        """
        if not is_of_account(error):
            raise error
        reason = f"{where}: {error}" if where else str(error)
        self.progress.accounts_failed[account.id] = reason
        if account.name:
            self.progress.accounts_failed_names[account.id] = account.name
        self.logger.error("%s, account %s failed: %s", self.name, _called(account), reason)

    def warn(self, text: str, *accounts: Account) -> None:
        """Log a warning about some accounts."""
        called = ", ".join(map(_called, accounts))
        self.logger.warning("%s, account %s: %s", self.name, called, text)

    # The SDK derives partitions from the state and finishes them all at once, so that one failing
    # partition loses the work of all. Accounts are walked in `get_records` instead.
    @property
    @override
    def partitions(self) -> None:
        return None

    # Bookmarks move with complete windows, not with records.
    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        return

    # Markers of the SDK's own way to resume have no meaning here and would end up in the state.
    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        return

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        return None

    # There are no child streams.
    @override
    def _process_record(
        self,
        record: Record,
        child_context: Context | None = None,
        partition_context: Context | None = None,
    ) -> None:
        return

    # Records come from `RowReader` with the selected properties in their final types already;
    # only stream maps and flattening need the SDK's way.
    @override
    def _write_record_message(self, record: Record) -> None:
        if self._is_plain is None:
            maps = self.stream_maps
            self._is_plain = (
                len(maps) == 1
                and type(maps[0]) is SameRecordTransform
                and not maps[0].flattening_enabled
            )
        if self._is_plain:
            self.tap.writer.write_record(self.name, record, self._extracted)
            self.state_manager.is_flushed = False
        else:
            super()._write_record_message(record)

    @override
    def _write_state_message(self) -> None:
        _ = self.stream_state  # an entry for the stream, also before its first bookmark
        self.tap.writer.write_state(self.tap_state)
        self.state_manager.is_flushed = True

    def stamp(self) -> None:
        """Take the time at which the next records count as read."""
        moment = datetime.fromtimestamp(self.tap.clock(), UTC)
        self._extracted = moment.isoformat()

    @override
    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:
        try:
            yield from self.read()
        finally:
            self.tap.writer.flush()

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the records of all accounts, with states in between."""
        raise NotImplementedError


def is_of_account(error: Exception) -> bool:
    """Return whether an error concerns one account only, so that the others can go on."""
    return isinstance(error, TapError | RowError) and not isinstance(error, FatalError)


def required(field: Field) -> Field:
    """Return a field as part of the key."""
    return replace(field, required=True)


def given(account: Account, **more: Any) -> Mapping[str, Any]:  # noqa: ANN401  values of records
    """Return the values that rows do not carry themselves."""
    return {"local_account_id": account.id, "local_account_name": account.name, **more}


def _called(account: Account) -> str:
    return f"{account.id} ({account.name})" if account.name else account.id
