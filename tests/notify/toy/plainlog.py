"""Logging in the form that Meltano reads from plugins with the capability structured-logging."""

import json
import os
import sys


def log(level, message, exception=None, **extra):
    line = {
        "level": level,
        "pid": os.getpid(),
        "logger_name": "toy",
        "ts": 1.0,
        "thread_name": "MainThread",
        "app_name": "toy",
        "stream_name": None,
        "message": message,
        "extra": extra,
    }
    if exception:
        kind, why = exception
        line["exception"] = {"type": kind, "module": "toy", "message": why, "traceback": []}
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
