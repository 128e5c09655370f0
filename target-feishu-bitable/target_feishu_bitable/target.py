"""The target: settings, the base, what a STATE means, and the run from start to exit code."""

from __future__ import annotations

import copy
import gc
import time
from contextlib import ExitStack, nullcontext
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final, TypeGuard

import click
from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError, MissingKeyPropertiesError
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from typing_extensions import override

from target_feishu_bitable.checkpoints import Checkpoints
from target_feishu_bitable.dropped import DroppedSink, is_dropped
from target_feishu_bitable.edges import SDK_SETTINGS, Reader, hand_back, in_words
from target_feishu_bitable.errors import ConfigError, RowError, SchemaMismatch, TargetError
from target_feishu_bitable.opening import open_base
from target_feishu_bitable.session import Session
from target_feishu_bitable.settings import SCHEMA, load
from target_feishu_bitable.sinks import BitableSink
from target_feishu_bitable.stopping import LONG_GRACE_SECONDS, Stop
from target_feishu_bitable.summary import RunSummary
from target_feishu_bitable.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.sinks import Sink

    from target_feishu_bitable.base import Base
    from target_feishu_bitable.settings import Settings

BATCH_OBJECTS: Final = 50_000
"""New objects after which Python looks for cycles among them."""


class TargetFeishuBitable(Target):
    """Singer target for 飞书多维表格 (Feishu Bitable)."""

    name = "target-feishu-bitable"
    package_name = "target-feishu-bitable"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SCHEMA)
    default_sink_class = BitableSink
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]
    message_reader_class = Reader
    clock: Callable[[], float] = staticmethod(time.time)
    sleep: Callable[[float], None] = staticmethod(time.sleep)

    settings: Settings

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  the SDK's own
        """Read the settings; nothing is asked of the platform yet."""
        self.summary = RunSummary()
        self._received = 0
        self._checkpoints = Checkpoints(self.clock)
        self.blocked = 0
        self._said: set[str] = set()
        self._held = ExitStack()
        self.stop = Stop()
        self.is_at_end = False
        super().__init__(**options)
        self.max_parallelism = 1  # writes to one base go one at a time

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings.

        Raises:
            ConfigValidationError: A setting is wrong; its one error is a sentence that names it.
        """
        try:
            self.settings = load(self._config, known=SDK_SETTINGS)
        except ConfigError as error:
            if raise_errors:
                raise ConfigValidationError(str(error), errors=[str(error)], schema={}) from None
            return [str(error)]
        self._config.setdefault("batch_size_rows", self.settings.batch_size_rows)
        return []

    @cached_property
    def base(self) -> Base:
        """The base, opened when the first stream needs it; held against other writers.

        Raises:
            TargetError: It can't be opened; see errors.py.
        """
        settings = self.settings
        transport = Transport(settings.api_url, timeout=settings.request_timeout_seconds)
        self._held.callback(transport.close)
        self._session = Session(
            transport,
            app_id=settings.app_id,
            app_secret=settings.app_secret,
            clock=self.clock,
            sleep=self.sleep,
        )
        return open_base(settings, self._session, self.stop, self._held)

    def next_number(self) -> int:
        """Return the place of the next record among all of the run."""
        self._received += 1
        return self._received - 1

    def say_once(self, text: str) -> None:
        """Log a line that need not be repeated."""
        if text not in self._said:
            self._said.add(text)
            self.logger.info("%s", text)

    @override  # type: ignore[misc]  # final for type checkers; a run ends nowhere else
    def listen(self, file_input: IO[str] | None = None) -> None:
        """Read messages to the end, then say what was done, also after a failure.

        Raises:
            TargetError: See errors.py; the rows before a refused one and their state are stored.
        """
        with self._held:
            try:
                self._listen(file_input)
                self.stop.no_more()
            finally:
                self._report()

    def _listen(self, file_input: IO[str] | None) -> None:
        try:
            super().listen(file_input)
        except RowError as error:
            self._store_before(error.number)
            raise
        except SchemaMismatch:
            self._store_before(self._received)
            raise
        except (TargetError, SystemExit):
            if not self.settings.is_upsert:
                self._state_what_is_stored()
            raise
        except MissingKeyPropertiesError as error:
            self._store_before(self._received)
            raise RowError(
                f"Record {self._received + 1} of the run lacks a part of its key: "
                f"{str(error).splitlines()[0].rstrip(' .')}. {self.settings.what_is_stored}",
                number=self._received,
            ) from None
        if self.blocked:
            raise TargetError(f"Dry run: {self.blocked} rows are blocked; the log says why.")

    def _store_before(self, number: int) -> None:
        """Write the rows that came before a refused one, and emit the last state before it.

        Rows without a key are written as far as that state speaks of them: what lies between will
        come again.
        """
        stated = self._checkpoints.place_before(number)
        with self._one_piece():
            for sink in self._sinks:
                if not self.settings.is_upsert:
                    sink.keep_before(stated)
                try:
                    self.drain_one(sink)
                except RowError as other:
                    self.logger.error("%s", other)  # noqa: TRY400  a sentence for a person
                    number = min(number, other.number)
            self._emit_state_before(number)

    def _state_what_is_stored(self) -> None:
        pending = [one.first_pending for one in self._sinks if one.first_pending is not None]
        self._emit_state_before(min(pending, default=self._received))

    def _emit_state_before(self, place: int) -> None:
        state = self._checkpoints.state_before(place)
        self._checkpoints.emitted(self._received)
        if state is not None and not self.settings.dry_run:
            hand_back(state)

    @property
    def _sinks(self) -> list[BitableSink]:
        return list(filter(is_ours, (*self._sinks_to_clear, *self._sinks_active.values())))

    def _one_piece(self) -> AbstractContextManager[None]:
        # Rows without a key would come a second time if a signal parted them from their state.
        return nullcontext() if self.settings.is_upsert else self.stop.held(LONG_GRACE_SECONDS)

    @override
    def get_sink_class(self, stream_name: str) -> type[Sink]:
        if is_dropped(self.mapper, stream_name):
            return DroppedSink
        return super().get_sink_class(stream_name)

    @override
    def get_sink(self, stream_name: str, **options: Any) -> Sink:
        existing = self._sinks_active.get(stream_name)
        has_schema = options.get("schema") is not None
        if existing is not None and has_schema and self.settings.is_upsert:
            # Rows of the old schema first: the last record of a key wins, and both sinks share
            # what is known of the table.
            self.drain_one(existing)
        return super().get_sink(stream_name, **options)

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        raise TargetError(
            "The source sends BATCH messages, which name files in place of records; they are not "
            "taken here. Turn its batch_config off."
        )

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        self.say_once("ACTIVATE_VERSION messages are not heeded: a run deletes no row.")

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._checkpoints.received(self._received, message_dict["value"])
        is_full = any(one.current_size >= self.settings.batch_size_rows for one in self._sinks)
        if is_full or self._checkpoints.is_due(self._received, self.settings.checkpoint_seconds):
            self.drain_all()

    @override
    def _handle_max_record_age(self) -> None:
        if self.settings.is_upsert:  # others wait for their state, however long that takes
            super()._handle_max_record_age()

    def _report(self) -> None:
        for sink in self._sinks:
            sink.warn_of_limits()
        opened = "base" in self.__dict__
        session = self.__dict__.get("_session")
        summary = self.summary.to_dict(
            requests=session.transport.requests if session else 0,
            write_calls=self.base.client.write_calls if opened else 0,
            dry_run=self.settings.dry_run,
        )
        self.logger.info("run summary", extra={"summary": summary})

    @override  # type: ignore[misc]  # final for type checkers, as listen
    def drain_all(self, *, is_endofpipe: bool = False) -> None:
        self.is_at_end = is_endofpipe
        with self._one_piece():
            super().drain_all(is_endofpipe=is_endofpipe)
            self._emit_state_before(self._received)

    # The SDK's own way drains here in the middle of a write, and exits 0.
    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self.stop.asked(signum)

    @classmethod
    @override
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        try:
            return super().cb_config(ctx, param, value)
        except (OSError, ValueError, TypeError) as error:
            raise click.ClickException(
                f"--config must name a file with a JSON object: {error}"
            ) from None

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # as the SDK's own Target does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Run the command line; every expected failure is a sentence and exit code 1."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        # A batch of rows makes no cycles: looking for them costs a tenth of the run.
        gc.freeze()
        gc.set_threshold(BATCH_OBJECTS)
        with in_words(cls.logger):
            cls(
                config=config.config if config else None,
                parse_env_config=config.parse_env if config else False,
            ).listen(file_input)


def is_ours(sink: Sink) -> TypeGuard[BitableSink]:
    """Tell whether a sink writes into a table, as every one of a stream that is not dropped."""
    return isinstance(sink, BitableSink)
