"""Where cards go and how they look: process environment, the project's ``.env``, ``logging.yaml``.

Meltano does not put ``.env`` into its own process, only into those of its plugins, so the handler
reads it itself. The process environment wins over ``.env``. A Meltano environment that has a
section of its own in ``logging.yaml`` is closed: it takes nothing from ``.env``, and from the
process environment only a webhook on this machine, so that a trial run can never write to a real
group.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dotenv import dotenv_values

from feishu_notify.redaction import secret_values

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLE = "巨量本地推"
"""Every title begins with it, so that one keyword in the bot's security settings fits all cards."""

PROJECT_FILE = "meltano.yml"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
_BETWEEN = re.compile(r"[,，\s]+")
_NOTIFY = ("always", "problems", "none")
_LANGUAGES = ("zh", "en")
_PERCENT = re.compile(r"[1-9]\d{0,8}")
_DEFAULT_ANOMALY_PERCENT = 200


@dataclass(frozen=True, slots=True)
class Webhook:
    """One bot: its address and, when signature checking is on, its secret."""

    url: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Appearance:
    """Language and title of the cards; ``label`` marks an environment, such as 演示."""

    title: str = TITLE
    label: str | None = None
    language: str = "zh"

    def headline(self, text: str) -> str:
        """Return the title of a card that says `text`."""
        return f"{self.title}【{self.label}】{text}" if self.label else f"{self.title} {text}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides about a card.

    Attributes:
        webhooks: where it goes; empty when none is configured.
        notify: ``always``, ``problems`` or ``none``.
        look: its language and title.
        anomaly_percent: how far a day may be off the mean before it is worth a warning.
        secrets: values that must not show.
        problems: what is wrong with the settings, one sentence each.
    """

    webhooks: tuple[Webhook, ...] = ()
    notify: str = "always"
    look: Appearance = Appearance()
    anomaly_percent: int = _DEFAULT_ANOMALY_PERCENT
    secrets: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def load(
    environment: str | None,
    process: Mapping[str, str],
    dotenv: Mapping[str, str],
    sections: Mapping[str, Mapping[str, str]],
    title: str = TITLE,
) -> Settings:
    """Settle the settings for a Meltano environment. Never raises: see ``Settings.problems``.

    Args:
        environment: name of the active Meltano environment, if any.
        process: the process environment. Meltano puts ``.env`` into that of a plugin, so what is
            the same in both counts as ``.env``.
        dotenv: what the project's ``.env`` holds.
        sections: closed environments: ``label``, ``webhook_url`` and ``webhook_secret`` of each;
            ``${NAME:-default}`` in the last two is taken from the process environment.
        title: how all titles begin.
    """
    section = (sections[environment] or {}) if environment and environment in sections else None
    own = {name: value for name, value in process.items() if dotenv.get(name) != value}
    open_values = {**dotenv, **process} if section is None else own
    problems: list[str] = []
    hooks = (
        _webhooks(open_values, problems)
        if section is None
        else _closed_webhooks(section, own, problems)
    )
    look = Appearance(
        title=title,
        label=section.get("label") if section else None,
        language=_choice(open_values, "FEISHU_NOTIFY_LANGUAGE", _LANGUAGES, problems),
    )
    return Settings(
        webhooks=hooks,
        notify=_choice(open_values, "FEISHU_NOTIFY", _NOTIFY, problems),
        look=look,
        anomaly_percent=_percent(open_values, problems),
        secrets=(*secret_values({**dotenv}), *secret_values(process), *_hook_secrets(hooks)),
        problems=tuple(problems),
    )


def find_project(start: Path, process: Mapping[str, str]) -> Path | None:
    """Return the root of the project: as Meltano was told, or found upwards from `start`."""
    if process.get("MELTANO_PROJECT_ROOT"):
        return Path(process["MELTANO_PROJECT_ROOT"])
    return next((d for d in (start, *start.parents) if (d / PROJECT_FILE).is_file()), None)


def read_dotenv(path: Path | None) -> dict[str, str]:
    """Read a ``.env`` the way Meltano does; empty when there is none.

    Meltano refuses a file that is not UTF-8. What is ASCII in it is read all the same: somebody has
    to tell that Meltano refuses it.

    Raises:
        OSError: the file cannot be read.
    """
    if path is None or not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8", errors="replace")
    return {k: v for k, v in dotenv_values(stream=StringIO(text)).items() if v is not None}


def selected_environment(process: Mapping[str, str], dotenv: Mapping[str, str]) -> str | None:
    """Return the environment that the process and ``.env`` ask for; Meltano's own order."""
    name = process.get("MELTANO_ENVIRONMENT", dotenv.get("MELTANO_ENVIRONMENT"))
    return name if name and name.lower() != "null" else None


def _webhooks(values: Mapping[str, str], problems: list[str]) -> tuple[Webhook, ...]:
    """Read the comma-separated addresses; secrets are one for all, or one each in order."""
    urls = _list(values.get("FEISHU_WEBHOOK_URL"))
    secrets = _list(values.get("FEISHU_WEBHOOK_SECRET"))
    if len(secrets) not in (0, 1, len(urls)):
        problems.append(
            f"FEISHU_WEBHOOK_SECRET has {len(secrets)} values for {len(urls)} webhooks: "
            "give one for all, or one each in the same order"
        )
        secrets = secrets[:1]
    each = secrets if len(secrets) == len(urls) else (secrets or [""]) * len(urls)
    hooks = [Webhook(url, secret or None) for url, secret in zip(urls, each, strict=True)]
    valid = tuple(hook for hook in hooks if _is_safe(hook.url))
    if len(valid) < len(hooks):
        problems.append(
            "FEISHU_WEBHOOK_URL holds something that is not an https link: copy the whole address "
            "of the bot, https://open.feishu.cn/open-apis/bot/v2/hook/…"
        )
    return valid


def _closed_webhooks(
    section: Mapping[str, str], process: Mapping[str, str], problems: list[str]
) -> tuple[Webhook, ...]:
    """Webhooks of a closed environment: its section's, or one on this machine if it is named."""
    own = {
        "FEISHU_WEBHOOK_URL": _expanded(section.get("webhook_url", ""), process),
        "FEISHU_WEBHOOK_SECRET": _expanded(section.get("webhook_secret", ""), process),
    }
    given = {k: process[k] for k in own if process.get(k)}
    urls = _list(given.get("FEISHU_WEBHOOK_URL"))
    if urls and all(is_loopback(url) for url in urls):
        return _webhooks({**own, **given}, problems)
    return _webhooks(own, problems)


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can read the address, which is all it takes to write to a group."""
    return is_loopback(url) or (bool(_host(url)) and url.lower().startswith("https:"))


def is_loopback(url: str) -> bool:
    """Whether an address stays on this machine."""
    host = _host(url)
    if host is None:
        return False
    with suppress(ValueError):  # a name is no address
        return ip_address(host).is_loopback
    return host == "localhost"


def _expanded(text: str, process: Mapping[str, str]) -> str:
    """Fill in ``${NAME}`` and ``${NAME:-default}`` from the process environment."""
    return _VARIABLE.sub(lambda m: process.get(m["name"]) or m["default"] or "", text)


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None


def _choice(
    values: Mapping[str, str], name: str, allowed: tuple[str, ...], problems: list[str]
) -> str:
    value = values.get(name, "").strip().lower()
    if value and value not in allowed:
        problems.append(f"{name} is {value!r}: use one of {', '.join(allowed)}")
    return value if value in allowed else allowed[0]


def _percent(values: Mapping[str, str], problems: list[str]) -> int:
    text = values.get("FEISHU_NOTIFY_ANOMALY_PERCENT", "").strip().removesuffix("%")
    if not text:
        return _DEFAULT_ANOMALY_PERCENT
    if _PERCENT.fullmatch(text):
        return int(text)
    problems.append("FEISHU_NOTIFY_ANOMALY_PERCENT must be a whole number above 0, such as 200")
    return _DEFAULT_ANOMALY_PERCENT


def _list(text: str | None) -> list[str]:
    return [part for part in _BETWEEN.split(text or "") if part]


def _hook_secrets(hooks: tuple[Webhook, ...]) -> tuple[str, ...]:
    return tuple(part for hook in hooks for part in (hook.url, hook.secret) if part)


def process_environment() -> dict[str, str]:
    """Return a copy of the process environment."""
    return dict(os.environ)
