from __future__ import annotations

import functools
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feishu_notify.events import from_record
from feishu_notify.story import RunStory, after

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent


def text_of(card: dict) -> str:
    """All that a person reads on a card below its title."""
    parts = []
    for element in card["body"]["elements"]:
        if element["tag"] == "button":
            url = element["behaviors"][0]["default_url"]
            parts.append(f"[{element['text']['content']}]({url})")
        else:
            parts.append(element.get("content", ""))
    return "\n".join(parts)


class FakeBot:
    """A bot on this machine: keeps what it receives and answers what it is told to."""

    def __init__(self) -> None:
        self.messages: list[dict] = []
        self.answers: list[tuple[int, bytes | None]] = []
        """Status and body of the next answers; None hangs up."""
        self.hold: threading.Event | None = None
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                bot.messages.append(json.loads(body))
                if bot.hold is not None:
                    bot.hold.wait(60)
                status, answer = bot.answers.pop(0) if bot.answers else (200, b'{"code":0}')
                if answer is None:
                    self.close_connection = True
                    return
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    self.close_connection = True

            def log_message(self, *args):
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/open-apis/bot/v2/hook/of-a-test"

    def close(self) -> None:
        if self.hold is not None:
            self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def cards(self) -> list[dict]:
        return [message["card"] for message in self.messages]

    @property
    def titles(self) -> list[str]:
        return [card["header"]["title"]["content"] for card in self.cards]

    @property
    def texts(self) -> list[str]:
        return [text_of(card) for card in self.cards]

    def only(self) -> tuple[str, str, str]:
        """Title, colour and text of the one card that has come since the last call."""
        assert len(self.messages) == 1, self.titles
        (message,), self.messages = self.messages, []
        card = message["card"]
        assert (message["msg_type"], card["schema"]) == ("interactive", "2.0")
        header = card["header"]
        assert header["title"]["content"].startswith("巨量本地推")
        return header["title"]["content"], header["template"], text_of(card)


@pytest.fixture
def bot():
    fake = FakeBot()
    yield fake
    fake.close()


class Project:
    """A Meltano project with a toy tap and a toy target that log the way ours do."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def logging_yaml(self) -> str:
        return (self.root / "logging.yaml").read_text()

    def dotenv(self, **values: str) -> None:
        text = "".join(f"{name}={value}\n" for name, value in values.items())
        (self.root / ".env").write_text(text)

    def environment(self, **values: str) -> dict[str, str]:
        drop = ("FEISHU_", "MELTANO_", "TOY_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        return {**kept, "NO_COLOR": "1", **values}

    def meltano(self, *arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "meltano"), *arguments],
            cwd=self.root,
            env=self.environment(**values),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run(self, *arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
        return self.meltano("run", *arguments, "tap-toy", "target-toy", **values)

    def start(self, *arguments: str, **values: str) -> subprocess.Popen[str]:
        """Start a run in the background; returns when its tap is asleep."""
        process = subprocess.Popen(
            [str(BIN / "meltano"), "run", *arguments, "tap-toy", "target-toy"],
            cwd=self.root,
            env=self.environment(TOY_TAP="sleep", **values),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "sleeping" in line:
                return process
        raise AssertionError(f"the run ended early with {process.wait()}")

    def stop(self, process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return the exit code and what the process said after it."""
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        return process.returncode, said


def make_project(root: Path, logging_yaml: str) -> Project:
    for name in ("meltano.yml", "plainlog.py"):
        (root / name).write_text((HERE / "toy" / name).read_text())
    for name in ("tap.py", "target.py"):
        script = root / name
        script.write_text(f"#!{sys.executable}\n{(HERE / 'toy' / name).read_text()}")
        script.chmod(0o755)
    (root / "feishu-notify").symlink_to(BIN / "feishu-notify")
    (root / "logging.yaml").write_text(logging_yaml)
    return Project(root)


def record_of(logger: str, level: int, event: str, **fields) -> logging.LogRecord:
    """A record as structlog hands Meltano's events to logging."""
    name = logging.getLevelName(level).lower()
    fields = {**fields, "event": event, "run_id": RUN_ID, "level": name}
    return logging.LogRecord(logger, level, __file__, 1, fields, (), None)


RUN_ID = "01a20cc5-9ceb-7b60-8111-27c36a99bd90"


class Recorded:
    """Records of a run, as they were seen in Meltano 4.4.1."""

    record = staticmethod(record_of)

    def active(self, name="prod"):
        return record_of("meltano.core.project", logging.INFO, f"Environment {name!r} is active")

    def job(self, name="prod:tap-toy-to-target-toy"):
        text = f"Running job with name {name!r} and run ID {RUN_ID!r}"
        return record_of("meltano.core.block.extract_load", logging.INFO, text)

    def line(self, plugin, event, level=logging.INFO, *, structured=True, **fields):
        kind = "extractors" if plugin.startswith("tap") else "loaders"
        fields = {"string_id": plugin, "name": plugin, "cmd_type": "elb", **fields}
        if structured:
            fields.setdefault("plugin_logger", plugin)
        return record_of(f"meltano.plugin.stderr.{kind}.{plugin}", level, event, **fields)

    def block(self, err=None, exit_codes=None):
        level = logging.ERROR if err else logging.INFO
        fields = {"exit_codes": exit_codes} if err else {}
        return record_of(
            "meltano.cli.run",
            level,
            "Block run completed",
            set_number=0,
            block_type="ExtractLoadBlocks",
            success=err is None,
            err=err,
            duration_seconds=61.5,
            **fields,
        )

    def end(self, status="success", duration=61.5):
        return record_of(
            "meltano.cli.run",
            logging.INFO,
            "Run completed",
            duration_seconds=duration,
            status=status,
        )

    def cli_error(self, text):
        return record_of("meltano.cli.utils", logging.ERROR, text, exc_info=None)

    def story(self, *records):
        """The story that the records tell."""
        return functools.reduce(after, map(from_record, records), RunStory())


@pytest.fixture
def recorded():
    return Recorded()


@pytest.fixture
def closed_port():
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def readme_project(tmp_path):
    """A project with the logging.yaml that the README shows, and plugins without capabilities."""
    readme = (ROOT / "feishu-notify" / "README.md").read_text()
    block = re.search(r"```yaml\n(   version: 1.*?)```", readme, re.DOTALL)
    assert block is not None
    made = make_project(tmp_path, textwrap.dedent(block[1]))
    described = tmp_path / "meltano.yml"
    described.write_text(re.sub("(, )?structured-logging", "", described.read_text()))
    return made


@pytest.fixture
def project(tmp_path):
    """A project with this repository's own logging.yaml."""
    return make_project(tmp_path, (ROOT / "logging.yaml").read_text())
