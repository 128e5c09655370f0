"""How the command line ends: expected failures in a sentence, and soon."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from singer_sdk.exceptions import ConfigValidationError, MappingError

from tap_oceanengine_local.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNAL_EXIT: Final = 128
_LAST_ANSWERS_SECONDS: Final = 10
"""How long a stopped run waits for the answers of requests under way (one may renew tokens)."""


@contextmanager
def in_words(logger: logging.Logger) -> Iterator[None]:
    """Turn what may be expected to fail into a sentence and exit code 1, a signal into its code.

    Raises:
        SystemExit: Something failed, or the run was told to stop.
    """
    try:
        yield
    except ConfigValidationError as error:
        logger.error(" ".join(error.errors))  # noqa: TRY400  a sentence for a person
        _end(error, 1)
    except TapError as error:
        logger.error("%s", error)  # noqa: TRY400  a sentence for a person
        _end(error, 1)
    except MappingError as error:
        logger.error("Setting stream_maps can't be used: %s", error)  # noqa: TRY400  see above
        _end(error, 1)
    except SystemExit as stop:
        if isinstance(stop.code, int) and stop.code > SIGNAL_EXIT:
            logger.warning("Stopped by signal %d.", stop.code - SIGNAL_EXIT)
            _end(stop, stop.code)
        raise


def _end(why: BaseException, code: int) -> NoReturn:
    """End the process without waiting for requests under way longer than is decent.

    Their workers may sleep for minutes before they ask again, and Python waits for all of them.
    """
    # Streams stand still in the frames of the exception; dropping these ends their workers' work.
    traceback.clear_frames(why.__traceback__)
    deadline = time.monotonic() + _LAST_ANSWERS_SECONDS
    # A signal that came while a worker was being started has left one that never runs (no ident).
    workers = [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("request") and thread.ident is not None
    ]
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
    if any(worker.is_alive() for worker in workers):
        logging.shutdown()
        os._exit(code)
    sys.exit(code)
