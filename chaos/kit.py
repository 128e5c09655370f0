"""What all runs of a soak share: the plugins, `meltano.yml` and the catalog."""

from __future__ import annotations

import copy
import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import processes
import yaml
from shapes import MAIN, SHAPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kit:
    """What all runs of a soak share.

    Attributes:
        root: The project.
        clis: The plugins' command lines, see `processes.plugins`.
        discovered: The tap's catalog.
        project: `meltano.yml`.
    """

    root: Path
    clis: Mapping[str, Any]
    discovered: Mapping[str, Any]
    project: Mapping[str, Any]

    def project_for(self, streams: Sequence[str]) -> dict[str, Any]:
        """`meltano.yml` with these streams selected, each with a table: what a person writes."""
        project = copy.deepcopy(dict(self.project))
        select, tables = selected(project), tables_of(project)
        for shape in (SHAPES[stream] for stream in streams if stream != MAIN.stream):
            select += [f"{shape.stream}.{name}" for name in shape.columns.values()]
            tables[shape.stream] = {"table": shape.table}
        return project

    def catalog(self, select: Sequence[str]) -> dict[str, Any]:
        """The catalog with these properties selected, and nothing else."""
        catalog = copy.deepcopy(dict(self.discovered))
        chosen = {tuple(one.split(".")) for one in select}
        names = {stream for stream, _ in chosen}
        for stream in catalog["streams"]:
            name = stream["tap_stream_id"]
            for entry in stream["metadata"]:
                path = entry["breadcrumb"]
                is_chosen = (name, path[-1]) in chosen if path else name in names
                entry["metadata"]["selected"] = is_chosen
        return catalog


def selected(project: Mapping[str, Any]) -> list[str]:
    """The tap's selection in a `meltano.yml`."""
    select: list[str] = project["plugins"]["extractors"][0]["select"]
    return select


def tables_of(project: Mapping[str, Any]) -> dict[str, Any]:
    """The target's setting `tables` in a `meltano.yml`."""
    tables: dict[str, Any] = project["plugins"]["loaders"][0]["config"]["tables"]
    return tables


def assemble(root: Path, clis: Mapping[str, Any]) -> Kit:
    """Make the kit from the project's `meltano.yml` and the tap's catalog."""
    tap = str(processes.PROGRAMS / "tap-oceanengine-local")
    found = subprocess.run([tap, "--discover"], check=True, capture_output=True, timeout=60)
    project = yaml.safe_load((root / "meltano.yml").read_text("utf-8"))
    return Kit(root, clis, json.loads(found.stdout), project)
