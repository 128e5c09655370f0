"""What the running Meltano command line knows: its command, environment and project.

The only module that looks into Meltano. It does so through Click's context, which exists while
``logging.yaml`` is being read, and holds on to the dictionary in which Meltano keeps its
selection. Outside a Meltano command everything is unknown, and the events alone tell the story.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGGER = "feishu_notify"
"""Name of the logger of this package; the handler does not listen to it."""


@dataclass(frozen=True, slots=True)
class MeltanoProcess:
    """The command under way.

    Attributes:
        command: name of the sub-command (``run``, ``invoke``, …), None outside Meltano.
        asked_environment: value of ``--environment``.
        no_environment: whether ``--no-environment`` was given.
        env_file: value of ``--env-file``.
        selection: Meltano's own notes; it fills in ``selected_environment`` and ``project`` later.
    """

    command: str | None = None
    asked_environment: str | None = None
    no_environment: bool = False
    env_file: Path | None = None
    selection: Mapping[str, Any] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether this process may be a ``meltano run``."""
        return self.command in ("run", None)

    @property
    def environment(self) -> str | None:
        """The selected environment, or what was asked for when Meltano has not come that far."""
        if self.no_environment:
            return None
        selected = self.selection.get("selected_environment")
        return str(selected) if selected else self.asked_environment

    @property
    def exit_code(self) -> int | None:
        """What the process ends with; None before its end and outside Meltano."""
        code = getattr(sys.modules.get("meltano.cli"), "exit_code", None)
        return code if isinstance(code, int) and self.command is not None else None

    @property
    def project_root(self) -> Path | None:
        """Root of the project that Meltano works on."""
        root = getattr(self.selection.get("project"), "root", None)
        return Path(root) if root else None


def warn(text: str) -> None:
    """Log a warning of this package the way Meltano logs its own, so that every format shows it."""
    structlog = sys.modules.get("structlog")
    factory = structlog.get_config()["logger_factory"] if structlog else None
    if structlog and isinstance(factory, structlog.stdlib.LoggerFactory):
        structlog.stdlib.get_logger(LOGGER).warning(text)
    else:
        logging.getLogger(LOGGER).warning(text)


def observe() -> MeltanoProcess:
    """Read the current Click context, if there is one."""
    click = sys.modules.get("click")
    context = click.get_current_context(silent=True) if click else None
    if context is None:
        return MeltanoProcess()
    root = context.find_root()
    env_file = root.params.get("env_file")
    return MeltanoProcess(
        command=root.invoked_subcommand,
        asked_environment=root.params.get("environment"),
        no_environment=bool(root.params.get("no_environment")),
        env_file=Path(env_file) if env_file else None,
        selection=root.obj if isinstance(root.obj, dict) else {},
    )
