"""The edges of a run: lines that come in, and the sentence and exit code that it ends with."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.exceptions import (
    ConfigValidationError,
    InvalidInputLine,
    RecordsWithoutSchemaException,
)
from singer_sdk.io_base import SingerReader
from typing_extensions import override

from target_feishu_bitable.errors import TargetError
from target_feishu_bitable.stopping import SIGNAL_EXIT

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator


_DECODER: Final = json.JSONDecoder(parse_float=Decimal)  # json.loads would make one per line


class Reader(SingerReader):
    """The SDK's reader, which would log a line that it can't read, and with it what it holds."""

    @override
    def deserialize_json(self, line: str) -> dict[str, Any]:
        try:
            message: object = _DECODER.decode(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise InvalidInputLine("A line is not a JSON object.")
        return message


@contextmanager
def in_words(logger: logging.Logger) -> Iterator[None]:
    """End every expected failure with a sentence for a person, and exit code 1."""
    try:
        yield
    except ConfigValidationError as error:
        logger.error(" ".join(error.errors))  # noqa: TRY400  a sentence for a person
        sys.exit(1)
    except TargetError as error:
        logger.error("%s", error)  # noqa: TRY400  a sentence for a person
        sys.exit(1)
    except RecordsWithoutSchemaException as error:
        logger.error("%s", error)  # noqa: TRY400  a sentence for a person
        sys.exit(1)
    except InvalidInputLine:
        logger.error("The input is not made of Singer messages, one JSON object a line.")  # noqa: TRY400
        sys.exit(1)
    except SystemExit as stop:
        if isinstance(stop.code, int) and stop.code > SIGNAL_EXIT:
            logger.warning("Stopped by signal %d.", stop.code - SIGNAL_EXIT)
        raise
