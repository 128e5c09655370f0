"""Views of a table: list, get, create, patch, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.codes import Refused, violation
from platform_sandbox.feishu.model import View
from platform_sandbox.feishu.paging import list_page
from platform_sandbox.feishu.view_filters import checked_filter_info

if TYPE_CHECKING:
    from platform_sandbox.feishu.call import Call

MAX_VIEWS: Final = 200
MAX_NAME: Final = 100
MAX_HIDDEN: Final = 300
TYPES: Final = frozenset({"grid", "kanban", "gallery", "gantt", "form"})
SETTINGS: Final = frozenset({"filter_info", "hidden_fields", "hierarchy_config"})


def _summary(view: View) -> dict[str, Any]:
    return {
        "view_id": view.id,
        "view_name": view.name,
        "view_type": view.type,
        "view_public_level": "Public",
        "view_private_owner_id": "",
    }


def _whole(view: View) -> dict[str, Any]:
    return {"view": {**_summary(view), "property": view.property}}


def list_views(call: Call) -> dict[str, Any]:
    """GET views."""
    return list_page(call, call.table.views, lambda view: view.id, _summary)


def get(call: Call) -> dict[str, Any]:
    """GET one view with its settings."""
    return _whole(_known(call))


def create(call: Call) -> dict[str, Any]:
    """POST a view."""
    kind = call.body.get("view_type") or "grid"
    if kind not in TYPES:
        raise Refused(1254019)
    name = _checked_name(call, call.body.get("view_name"))
    if len(call.table.views) >= MAX_VIEWS:
        raise Refused(1254101)
    taken = {view.id for view in call.table.views}
    view = View(call.state.ids.new("vew", taken), name, kind)
    call.table.views.append(view)
    call.state.changed(call.base, call.table)
    return {"view": _summary(view)}


def patch(call: Call) -> dict[str, Any]:
    """PATCH name, filter, hidden columns; what is not sent stays. Sorting cannot be set."""
    view = _known(call)
    changed = dict(view.property)
    settings = call.body.get("property")
    if settings is not None:
        if not isinstance(settings, dict):
            raise violation("property", "property is not an object", settings)
        changed.update(_settings(call, settings))
    name = call.body.get("view_name")
    if name is not None and name != view.name:
        view.name = _checked_name(call, name)
    view.property = {key: value for key, value in changed.items() if value is not None}
    call.state.changed(call.base, call.table)
    return _whole(view)


def delete(call: Call) -> dict[str, Any]:
    """DELETE a view; the last one stays."""
    view = _known(call)
    if len(call.table.views) == 1:
        raise Refused(1254023)
    call.table.views.remove(view)
    call.state.changed(call.base, call.table)
    return {}


def _settings(call: Call, settings: dict[str, Any]) -> dict[str, Any]:
    """Checked settings; members that the endpoint does not know have no effect."""
    checked: dict[str, Any] = {key: settings[key] for key in SETTINGS & settings.keys()}
    if "filter_info" in checked:
        ids = call.state.ids
        checked["filter_info"] = checked_filter_info(checked["filter_info"], call.table, ids)
    hidden = checked.get("hidden_fields")
    if hidden is not None:
        if not isinstance(hidden, list) or len(hidden) > MAX_HIDDEN:
            raise violation("property.hidden_fields", "0 to 300 field ids", hidden)
        by_id = call.table.by_id()
        if any(one not in by_id for one in hidden):
            raise Refused(1254044)
        if any(by_id[one].is_primary for one in hidden):
            raise Refused(1254018, "the primary field cannot be hidden")
    return checked


def _checked_name(call: Call, name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise Refused(1254021)
    if len(name) > MAX_NAME or "[" in name or "]" in name:
        raise Refused(1254022)
    if any(view.name == name for view in call.table.views):
        raise Refused(1254020)
    return name


def _known(call: Call) -> View:
    identifier = call.path["view_id"]
    view = next((one for one in call.table.views if one.id == identifier), None)
    if view is None:
        raise Refused(1254042 if identifier.startswith("vew") else 1254005)
    return view
