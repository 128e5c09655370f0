"""Meltano's ordinary console output, for projects that have a ``logging.yaml``.

With a ``logging.yaml`` Meltano ignores ``--log-level`` and ``--log-format`` (and the settings of
the same names), and colours depend on what the file says. The handler made here is configured by
Meltano's own defaults instead, so that adding a second handler changes nothing on the screen.
"""

from __future__ import annotations

import logging
import sys
from logging.config import DictConfigurator

from meltano.core.error import ProjectNotFound
from meltano.core.logging.utils import LogFormat, default_config, parse_log_level
from meltano.core.project import Project
from meltano.core.project_settings_service import ProjectSettingsService


def console() -> logging.Handler:
    """Return the handler that Meltano would use without a ``logging.yaml``.

    The level of the root logger is lowered for ``--log-level debug``, and stays at INFO above that,
    because other handlers live on INFO events.
    """
    level, log_format = _wanted()
    number = parse_log_level(level.lower())
    config = default_config(level, log_format=log_format)
    configurator = DictConfigurator(config)
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(number)
    handler.setFormatter(configurator.configure_formatter(config["formatters"][log_format]))
    logging.getLogger().setLevel(min(number, logging.INFO))
    return handler


def _wanted() -> tuple[str, LogFormat]:
    """Level and format as Meltano resolves them: option, environment, project, default."""
    override = ProjectSettingsService.config_override
    try:
        settings = Project.find(activate=False).settings
        level, log_format = settings.get("cli.log_level"), settings.get("cli.log_format")
    except ProjectNotFound:
        level, log_format = override.get("cli.log_level"), override.get("cli.log_format")
    return str(level or "info"), LogFormat(log_format or LogFormat.colored)
