"""The image: its steps run without an engine, its command runs with nothing more installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from platform_sandbox.testing import SandboxServer

from .conftest import ROOT
from .recipes import bot, filled

FOLDER = "/project"


def steps() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile: (name, arguments), continued lines joined."""
    text = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


STEPS = steps()
NAMES = [name for name, _ in STEPS]


def step(name: str) -> str:
    """Return the arguments of an instruction that stands there once."""
    (found,) = [arguments for one, arguments in STEPS if one == name]
    return found


def settings() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in step("ENV").split())


def ignored(path: str) -> bool:
    """Tell whether .dockerignore keeps a path, relative to the project, out of the build."""
    parts = path.split("/")
    heads = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    verdict = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = re.escape(line.removeprefix("!").strip("/"))
        pattern = pattern.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(pattern, head) for head in heads):
            verdict = not line.startswith("!")
    return verdict


@pytest.mark.parametrize(
    ("path", "out"),
    [
        (".env", True),
        (".env.prod", True),
        (".env.example", False),
        (".oceanengine/tokens.db", True),
        (".meltano/meltano.db", True),
        ("export/2026-02-01_2026-02-28/promotion_report.csv", True),
        ("tap-oceanengine-local/tap_oceanengine_local/__pycache__/tap.cpython-311.pyc", True),
        ("tap-oceanengine-local/tap_oceanengine_local/tap.py", False),
        ("deploy/export.py", False),
        ("Makefile", False),
    ],
)
def test_secrets_and_data_stay_out_of_the_image(path: str, out: bool) -> None:
    assert ignored(path) is out


def test_what_git_ignores_stays_out_of_the_image() -> None:
    patterns = (ROOT / ".gitignore").read_text("utf-8").split()
    samples = [
        folder + pattern.replace("*", "x").rstrip("/") + ("/file" if pattern[-1] == "/" else "")
        for pattern in patterns
        if pattern[0] != "!"
        for folder in (("",) if "/" in pattern.rstrip("/") else ("", "tests/"))
    ]
    assert len(samples) > 30
    assert [path for path in samples if not ignored(path)] == []


def test_everything_git_holds_is_there_for_the_build() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()
    assert step("COPY").split()[-2:] == [".", "."]
    assert [path for path in listed if ignored(path)] == []


def test_container_runs_as_a_user_without_rights() -> None:
    users = [arguments for name, arguments in STEPS if name == "USER"]
    made = re.findall(r"useradd [^&]*?(\S+) &&", " ".join(a for n, a in STEPS if n == "RUN"))
    assert users == made
    assert "root" not in users
    assert NAMES.index("USER") < NAMES.index("COPY")
    assert step("COPY").startswith(f"--chown={users[0]} ")


def test_state_and_tokens_are_kept_in_volumes() -> None:
    volumes = json.loads(step("VOLUME"))
    database = settings()["MELTANO_DATABASE_URI"].removeprefix("sqlite:///")
    store = re.search(r"value: sqlite:///(\S+)", (ROOT / "meltano.yml").read_text("utf-8"))
    assert step("WORKDIR") == FOLDER
    assert store is not None
    assert sorted(volumes) == sorted(
        [str(Path(database).parent), str(Path(FOLDER, store.group(1)).parent)]
    )


@pytest.fixture(scope="module")
def image(tmp_path_factory, require_service) -> Path:
    """Copy what COPY copies and run the RUN step behind it, in a folder in place of /project."""
    reachable = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
         "--no-deps", "-r", ROOT / "requirements.in", "-c", ROOT / "constraints.txt"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    require_service(
        reachable.returncode == 0, f"pip finds no packages to install: {reachable.stderr}"
    )
    folder = tmp_path_factory.mktemp("image") / "project"
    for top, folders, files in os.walk(ROOT):
        inside = Path(top).relative_to(ROOT)
        folders[:] = [name for name in folders if not ignored((inside / name).as_posix())]
        (folder / inside).mkdir()
        for name in files:
            if not ignored((inside / name).as_posix()):
                shutil.copy(Path(top, name), folder / inside / name)
    (build,) = [a for n, a in STEPS[NAMES.index("COPY") :] if n == "RUN"]
    done = subprocess.run(
        ["/bin/sh", "-c", build], cwd=folder, env=container(folder, installer=True),
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def container(folder: Path, *, installer: bool = False) -> dict[str, str]:
    """Return the environment of a step: what the image sets, and nothing else of the test's.

    Only the build knows where packages come from.
    """
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    base = {"HOME": str(home), "PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin"}
    if installer:
        own = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "UV_", "SSL_"))}
        return own | base
    return base | {name: value.replace(FOLDER, str(folder)) for name, value in settings().items()}


def env_file(sandbox: SandboxServer) -> dict[str, str]:
    """Return what `--env-file` brings: the names of .env.example, for the sandbox."""
    example = (ROOT / ".env.example").read_text("utf-8")
    values = filled(sandbox) | bot(sandbox)
    empty = dict.fromkeys(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE), "")
    assert values.keys() <= empty.keys()
    addresses = dict.fromkeys(
        ("TAP_OCEANENGINE_LOCAL_API_URL", "TARGET_FEISHU_BITABLE_API_URL"), sandbox.url
    )
    return empty | values | addresses


def contents(folder: Path) -> dict[str, int]:
    """Return what is installed: every file of every environment, and its size."""
    roots = [folder / ".venv", *folder.glob(".meltano/*/*/venv")]
    return {
        str(path): path.lstat().st_size
        for root in roots
        for path in root.rglob("*")
        if path.suffix != ".pyc" and not path.is_dir()
    }


def test_container_runs_from_what_the_build_put_there(image: Path, sandbox: SandboxServer) -> None:
    (program,) = json.loads(step("ENTRYPOINT"))
    program = program.replace(FOLDER, str(image))
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = container(image) | env_file(sandbox) | nowhere | {"NO_PROXY": "127.0.0.1"}
    built = contents(image)
    before = (image / ".meltano/meltano.db").stat().st_mtime_ns

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments], cwd=image, env=environment,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    first = run(*json.loads(step("CMD")))
    assert first.returncode == 0, first.stdout + first.stderr
    rows = sandbox.platform.feishu.base().table("单元日报").rows()
    assert len(rows) > 0
    assert len(sandbox.platform.feishu.cards) == 1
    assert run("invoke", "feishu-notify:check", "--max-age-hours", "26").returncode == 0

    assert contents(image) == built
    # State and tokens went into the volumes; the database of the build was left alone.
    assert (image / ".meltano/meltano.db").stat().st_mtime_ns == before
    volumes = [Path(path.replace(FOLDER, str(image))) for path in json.loads(step("VOLUME"))]
    private = [*volumes, image / ".meltano"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in private} == {0o700}
    with sqlite3.connect(image / ".meltano/state/meltano.db") as database:
        (states,) = database.execute("SELECT count(*) FROM state").fetchone()
    database.close()
    assert states == 1
    assert stat.S_IMODE((image / ".oceanengine/tokens.db").stat().st_mode) == 0o600
