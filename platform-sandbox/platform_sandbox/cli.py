"""`platform-sandbox serve | reset | stop`."""

from __future__ import annotations

import argparse
import ipaddress
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from platform_sandbox import defaults, project
from platform_sandbox.app import build_app
from platform_sandbox.platform import DATABASE_NAME, Platform
from platform_sandbox.running import AlreadyServedError, Claim, health, running, stop
from platform_sandbox.server import build_server, listen
from platform_sandbox.switches import Switches
from platform_sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

_START_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.05
_LOG_NAME: Final = "sandbox.log"


class CommandError(Exception):
    """The command cannot do what it was asked for; the text says why."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="platform-sandbox",
        description="Ocean Engine and Feishu on this machine, for demonstrations and tests.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve both platforms and their page")
    serve.add_argument("--port", type=int, default=defaults.PORT)
    serve.add_argument("--host", default=defaults.HOST, help="another one needs --allow-remote")
    serve.add_argument("--allow-remote", action="store_true", help="listen beyond this machine")
    serve.add_argument("--detach", action="store_true", help="start in the background and return")
    serve.add_argument("--project", type=Path, help="Meltano project whose sandbox part to reset")
    serve.add_argument("--latency-ms", type=int, default=0, help="time every answer takes")
    world = serve.add_argument_group("the made-up world (for measuring at scale)")
    standard = World()
    world.add_argument("--seed", type=int, default=standard.seed)
    world.add_argument("--accounts", type=int, default=standard.accounts)
    world.add_argument("--active", type=int, default=standard.active)
    world.add_argument("--units", type=int, nargs=2, default=standard.units, metavar="N")
    world.add_argument("--big-units", type=int, default=standard.big_units)
    world.add_argument("--days", type=int, default=standard.days)
    world.add_argument("--steady", action="store_true", help="every unit reports every day")
    reset = commands.add_parser("reset", help="empty both platforms of the running sandbox")
    stopping = commands.add_parser("stop", help="end the sandbox of a data directory")
    for command in (serve, reset, stopping):
        command.add_argument("--data-dir", type=Path, default=Path(".sandbox"))
    return parser


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  this program's output


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _world(options: argparse.Namespace) -> World:
    least, most = options.units
    try:
        return World(
            seed=options.seed,
            accounts=options.accounts,
            active=min(options.active, options.accounts),
            units=(least, most),
            days=options.days,
            big_units=options.big_units,
            steady=options.steady,
        )
    except ValueError as error:
        raise CommandError(str(error)) from error


def _serve(options: argparse.Namespace) -> int:
    if not _is_local(options.host) and not options.allow_remote:
        raise CommandError(
            f"{options.host} can be reached from other machines, and the sandbox knows no "
            "passwords worth the name. Say --allow-remote if that is what you want."
        )
    data_dir: Path = options.data_dir
    data_dir.mkdir(parents=True, exist_ok=True)
    url = f"http://{options.host}:{options.port}"
    if options.detach:
        return _detach(options, url)
    if found := running(data_dir):
        raise CommandError(f"A sandbox with the data of {data_dir} runs already: {found.url}")
    world = _world(options)
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        raise CommandError(_taken(url, error)) from error
    with listener, Claim(data_dir, url):
        return _run(options, world, listener, url)


def _taken(url: str, error: OSError) -> str:
    other = health(url)
    who = f"another sandbox ({other['data_dir']})" if other else "another program"
    return (
        f"Cannot listen on {url}: {error.strerror or error}. Is {who} there? "
        "Stop it, or choose another port with --port (make: PORT=…)."
    )


def _run(options: argparse.Namespace, world: World, listener: socket, url: str) -> int:
    platform = Platform(
        options.data_dir, world=world, switches=Switches(latency_ms=options.latency_ms)
    )
    platform.services.links["public"] = url
    on_reset = partial(project.empty, options.project.resolve()) if options.project else None
    server = build_server(
        build_app(platform, on_reset=on_reset),
        on_started=lambda: _say(f"Both platforms listen on {url}  (stop: Ctrl-C)"),
    )
    # uvicorn hands the signal back after it has closed everything: then it is time to go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        _say("Stopped.")
    finally:
        platform.close()
    return 0


def _detach(options: argparse.Namespace, url: str) -> int:
    data_dir: Path = options.data_dir
    if found := running(data_dir):
        if found.url != url:
            raise CommandError(
                f"The sandbox of {data_dir} runs on {found.url} already, not on {url}. Stop it "
                f"first: platform-sandbox stop --data-dir {data_dir}"
            )
        _say(f"The sandbox runs already: {url}")
        return 0
    words = [word for word in options.words if word != "--detach"]
    log_path = data_dir / _LOG_NAME
    with log_path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  this program itself
            [sys.executable, "-m", "platform_sandbox", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError(log_path.read_text(encoding="utf-8").strip())
        answer = health(url)
        if answer is not None and answer["pid"] == process.pid:
            _say(f"The sandbox runs: {url}")
            return 0
        time.sleep(_PAUSE_SECONDS)
    process.terminate()
    process.wait(_START_SECONDS)
    raise CommandError(f"The sandbox did not answer within {_START_SECONDS:.0f} s; see {log_path}.")


def _reset(options: argparse.Namespace) -> int:
    found = running(options.data_dir)
    if found is None:
        for suffix in ("", "-wal", "-shm"):
            (options.data_dir / f"{DATABASE_NAME}{suffix}").unlink(missing_ok=True)
        _say("No sandbox is running; its data are deleted.")
        return 0
    request = urllib.request.Request(f"{found.url}/_sandbox/reset", method="POST")  # noqa: S310  http on this host
    try:
        with urllib.request.urlopen(request, timeout=120):  # noqa: S310  see above
            _say(f"Both platforms of {found.url} are empty again.")
    except urllib.error.HTTPError as error:
        raise CommandError(error.read().decode()) from error
    return 0


def _stop(options: argparse.Namespace) -> int:
    found = stop(options.data_dir)
    _say(f"Stopped the sandbox on {found.url}." if found else "No sandbox is running.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit code 0 ok, 1 failure, 2 misuse."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    options.words = words
    command = {"serve": _serve, "reset": _reset, "stop": _stop}[options.command]
    try:
        return command(options)
    except (CommandError, AlreadyServedError, TimeoutError) as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201  this program's output
        return 1


if __name__ == "__main__":
    sys.exit(main())
