"""Streams that the setting stream_maps drops; the SDK makes a sink of each, but no record comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import RemoveRecordTransform
from singer_sdk.sinks import Sink
from typing_extensions import override

if TYPE_CHECKING:
    from singer_sdk.mapper import PluginMapper


class DroppedSink(Sink):
    """Stands for a stream without a table."""

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Take nothing."""

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Write nothing."""


def is_dropped(mapper: PluginMapper, stream: str) -> bool:
    """Tell whether all that the settings make of a stream is nothing."""
    maps = [one for some in mapper.stream_maps.values() for one in some]
    own = [one for one in maps if one.stream_alias == stream]
    return bool(own) and all(isinstance(one, RemoveRecordTransform) for one in own)
