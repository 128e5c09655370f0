"""The tap: settings, streams, the run from start to exit code."""

from __future__ import annotations

import copy
import os
import signal
import sys
import time
from functools import cached_property
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import (
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
    PluginCapabilities,
    TapCapabilities,
)
from typing_extensions import override

from tap_oceanengine_local import streams, windows
from tap_oceanengine_local.accounts import select_accounts
from tap_oceanengine_local.auth import build_client
from tap_oceanengine_local.bookmarks import clean_state
from tap_oceanengine_local.ending import SIGNAL_EXIT, in_words
from tap_oceanengine_local.errors import ConfigError, FatalError
from tap_oceanengine_local.inputs import check_configs, read_catalog, read_file
from tap_oceanengine_local.messages import Writer
from tap_oceanengine_local.setting_kinds import require_kind
from tap_oceanengine_local.setting_schema import SCHEMA
from tap_oceanengine_local.settings import environment_config, load
from tap_oceanengine_local.summary import RunSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from types import FrameType

    import click
    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.client import Client
    from tap_oceanengine_local.settings import Settings


_BUILT_IN: Final[dict[str, Any]] = {
    name: {"type": schema["type"][0]}  # the other one is null
    for config in (STREAM_MAPS_CONFIG, FLATTENING_CONFIG)
    for name, schema in config["properties"].items()
}
"""The SDK's own settings."""


class FailedAccountsError(FatalError):
    """Some accounts failed; the others were read and emitted completely."""


class TapOceanEngineLocal(Tap):
    """Singer tap for 巨量本地推 (Ocean Engine local promotion) reports, entities and leads."""

    name = "tap-oceanengine-local"
    package_name = "tap-oceanengine-local"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SCHEMA)
    message_writer_class = Writer
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    clock: Callable[[], float] = staticmethod(time.time)

    settings: Settings

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings; without `raise_errors` (discovery) wrong ones fall back to defaults.

        Raises:
            ConfigValidationError: A setting is wrong; its one error is a sentence that names it.
        """
        own = self._config
        try:
            self.settings = load(own, today=self.today, known=_BUILT_IN)
            for name in _BUILT_IN.keys() & own.keys():
                if own[name] is not None:
                    require_kind(name, own[name], _BUILT_IN[name]["type"])
            if raise_errors:
                _require(self.settings)
        except ConfigError as error:
            if raise_errors:
                raise ConfigValidationError(str(error), errors=[str(error)], schema={}) from None
            self.settings = load({})
            return [str(error)]
        return []

    @cached_property
    def today(self) -> date:
        """Today in Asia/Shanghai, the same for the whole run."""
        return windows.today(self.clock())

    @cached_property
    def client(self) -> Client:
        """The one client of the run, made when the first request is due."""
        client = build_client(self.settings.to_config())  # an address with a password ends here
        self.logger.info("Reading from %s", self.settings.api_url)
        return client

    @cached_property
    def accounts(self) -> Sequence[Account]:
        """The accounts of the run: configured ones, or what the authorisation covers.

        Raises:
            FatalError: The authorisation covers none.
        """
        accounts: Sequence[Account] = select_accounts(self.client, self.settings.to_config())
        if not accounts:
            raise FatalError(
                "The authorisation covers no 本地推 account. Run `authorize` and tick the "
                "accounts, or name them in local_account_ids."
            )
        return accounts

    @cached_property
    def summary(self) -> RunSummary:
        """What the run has done so far."""
        return RunSummary()

    @property
    def writer(self) -> Writer:
        """The writer of all messages."""
        writer: Writer = self.message_writer  # type: ignore[assignment]  # message_writer_class
        return writer

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in streams.ALL]

    # By name, as the SDK sorts them, a fatal error of the audiences would leave the units unread.
    @override  # type: ignore[misc]  # final for type checkers; no stream here has children
    def load_streams(self) -> list[Stream]:
        """Return the streams in the order in which they run, the main one first."""
        return list(self.discover_streams())

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the state of an earlier run, also one of an older shape.

        Raises:
            StateError: The state cannot be read.
        """
        keys = {stream.name: stream.time_key for stream in streams.ALL}
        super().load_state(clean_state(state, keys))

    @override  # type: ignore[misc]  # final for type checkers; a run ends nowhere else
    def sync_all(self) -> None:
        """Run all selected streams, report what was done, fail when something was not read.

        Raises:
            ConfigError: Of a stream the platform gives none of the days that are asked for.
            FailedAccountsError: Named accounts could not be read.
        """
        try:
            self._get_ready()
            super().sync_all()
        finally:
            self.writer.flush()
            self._log_summary()
        self.writer.obey()
        unreadable = self.summary.unreadable
        if unreadable:  # failed accounts of other streams were told one by one
            raise ConfigError(
                " | ".join(f"{', '.join(names)}: {text}" for text, names in unreadable.items())
            )
        failures = self.summary.failures()
        if failures:
            raise FailedAccountsError(
                f"{len(failures)} account(s) failed, their bookmarks stay where they were and the "
                "next run reads them again: " + " | ".join(failures)
            )

    def _get_ready(self) -> None:
        """Have valid tokens and the accounts before the first message.

        A target can fail as soon as it has a message, and Meltano then kills the tap, whose tokens
        would be lost with a refresh that is under way.
        """
        if not any(stream.selected for stream in self.streams.values()):
            return
        if self.client.tokens is not None:
            self.client.tokens.access_token()
        self.logger.info("Found %d account(s).", len(self.accounts))

    def _log_summary(self) -> None:
        started = "client" in self.__dict__
        summary = self.summary.to_dict(
            requests=self.client.requests if started else 0,
            refresh_token_days_left=_days_left(self.client) if started else None,
        )
        self.logger.info("run summary", extra={"summary": summary})

    # The SDK's own way writes a last state here and exits 0, as if all had gone well.
    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self.writer.stop(SIGNAL_EXIT + signum)

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # as the SDK's own Tap does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the command line; every expected failure is one sentence and exit code 1."""
        if about:
            if isinstance(sys.stdout, TextIOWrapper):  # Chinese words, whatever the locale can say
                sys.stdout.reconfigure(errors="backslashreplace")
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        try:
            with in_words(cls.logger):
                given = config.config if config else {}
                if config and config.parse_env:  # the SDK's own way ends in tracebacks
                    given = given | environment_config(os.environ, _BUILT_IN)
                cls(
                    config=given,
                    state=read_file(state, "state"),
                    catalog=read_catalog(catalog, {stream.name for stream in streams.ALL}),
                ).sync_all()
        finally:  # all is done or told, and only Python's own end is left to disturb
            for one in (signal.SIGTERM, signal.SIGINT):
                signal.signal(one, signal.SIG_IGN)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Run a connection test, with failures in words."""
        with in_words(cls.logger):
            super().cb_test(ctx, param, value)

    @classmethod
    @override
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Read the config files, with failures in words."""
        with in_words(cls.logger):
            check_configs(value)
        return super().cb_config(ctx, param, value)


def _require(settings: Settings) -> None:
    for name in ("app_id", "app_secret"):
        if getattr(settings, name) is None:
            raise ConfigError(f"Setting {name} is missing: it belongs to the app of the platform.")


def _days_left(client: Client) -> int | None:
    return None if client.tokens is None else client.tokens.refresh_days_left()
