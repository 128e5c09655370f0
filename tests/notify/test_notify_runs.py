"""Real ``meltano run`` processes with a toy tap and a toy target, and a bot on this machine."""

from __future__ import annotations

import json
import re
import signal

from platform_sandbox.testing import SandboxServer


def test_scheduled_success_is_one_green_card_and_the_commands_know_of_it(project, bot):
    project.dotenv(FEISHU_WEBHOOK_URL=bot.url)  # Meltano does not put .env into its own process

    done = project.meltano("schedule", "run", "every-day")

    assert done.returncode == 0, done.stderr
    assert "Run completed" in done.stderr
    assert "Feishu" not in done.stderr
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步成功", "green")
    for part in (
        "2026-01-12 至 2026-02-11",
        "**账户**：3 个",
        "新增 25 行，更新 31 行，未变 1,694 行",
        "**2026-02-11 数据**：消耗 1,234.50 元，转化 10，平均转化成本 123.45 元",
        "**用时**：",
        "**结束时间**：",
        "[打开表格](https://feishu.cn/base/bascnToy?table=tblToy)",
        "昨日数据约 10:00 后稳定，次日自动修正",
    ):
        assert part in text

    assert "**任务**：prod:tap-toy-to-target-toy" in text

    check = ("feishu-notify:check", "--max-age-hours", "1", "--json")
    checked = project.meltano("--environment=prod", "invoke", *check)
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["ok"] is True
    assert project.meltano("invoke", "feishu-notify:test").returncode == 0
    assert len(bot.messages) == 4


def test_each_way_of_failing_is_red_and_says_what_failed(project, bot):
    project.dotenv(FEISHU_WEBHOOK_URL=bot.url)

    assert project.run(TOY_TAP="broken").returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步失败", "red")
    assert "读取数据（tap-toy，退出码 1）" in text
    assert "code 40104, app_id or secret is wrong (request id 20260211070003AAAA)" in text
    assert "do-not-show-this" not in text
    assert "**建议**" in text
    assert "meltano --environment dev logs show " in text

    assert project.run(TOY_TAP="some").returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步部分失败", "red")
    assert "共 3 个，失败 1 个" in text
    assert "**失败账户**：1800000000000003：code 40002, no permission (request id 202602" in text
    assert "新增 25 行" in text

    assert project.run(TOY_TAP="all").returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步失败", "red")
    assert "共 3 个，失败 3 个" in text
    assert "1800000000000001：code 40002" in text

    assert project.run(TOY_TARGET="fail").returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步失败", "red")
    assert "写入表格（target-toy，退出码 1）" in text
    assert "code 1254302, no permission (log id 20260211070003CCCC)" in text
    assert "<at" not in text

    assert project.run(TOY_TAP="broken", TOY_TARGET="fail").returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步失败", "red")
    assert "40104" in text
    assert "1254302" in text


def test_failed_token_refresh_says_how_to_authorise_again(project, bot):
    done = project.run(TOY_TAP="reauthorise", FEISHU_WEBHOOK_URL=bot.url)

    assert done.returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 Token 刷新失败，需要重新授权", "red")
    assert "code 40103, request id 20260211070003BBBB" in text
    assert "meltano --environment dev invoke tap-toy:authorize --code" in text
    link = "https://open.oceanengine.com/audit/oauth.html?app_id=1800000000000009&state=x"
    assert f"[重新授权]({link})" in text


def test_second_run_says_that_the_first_is_under_way_and_a_signal_is_told(project, bot):
    project.dotenv(FEISHU_WEBHOOK_URL=bot.url)
    first = project.start()

    assert project.run().returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步未执行：上一次还在运行", "red")
    assert "Another 'dev:tap-toy-to-target-toy' pipeline is already running" in text

    code, said = project.stop(first, signal.SIGTERM)
    assert code == 143
    assert "Feishu" not in said
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步被中断", "red")
    assert "运行被信号中断" in text


def test_timeout_is_told(project, bot):
    done = project.run("--timeout", "1", TOY_TAP="sleep", FEISHU_WEBHOOK_URL=bot.url)

    assert done.returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步超时被终止", "red")
    assert "运行超过 1 秒被终止" in text


def test_run_that_cannot_begin_is_told(project, bot):
    done = project.meltano("run", "tap-missing", "target-toy", FEISHU_WEBHOOK_URL=bot.url)

    assert done.returncode == 1
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 同步失败", "red")
    assert "Meltano（退出码 1）" in text


def test_other_projects_need_ten_lines_and_nothing_from_the_plugins(readme_project, bot):
    readme_project.dotenv(FEISHU_WEBHOOK_URL=bot.url)

    done = readme_project.meltano(
        "--log-level=debug", "run", "tap-toy", "target-toy", TOY_TAP="unlevelled"
    )

    assert done.returncode == 1
    assert "head producer completed first as expected" in done.stderr  # --log-level still works
    _, colour, text = bot.only()
    assert colour == "red"
    assert "ValueError: call 139××××5678 about account 1800000000000001" in text
    assert "退出码 3" in text


def test_warnings_of_a_plugin_make_the_card_orange(project, bot):
    done = project.run(
        TOY_TAP="warnings",
        FEISHU_WEBHOOK_URL=bot.url,
        FEISHU_NOTIFY="problems",
        FEISHU_NOTIFY_LANGUAGE="en",
    )

    assert done.returncode == 0
    title, colour, text = bot.only()
    assert (title, colour) == ("巨量本地推 sync succeeded, with warnings", "orange")
    assert "cost gap: Cost of 2026-02-11 differs from the account report by 12.00 yuan" in text


def test_sandbox_environment_writes_to_the_bot_of_the_sandbox_only(project, bot, tmp_path):
    project.dotenv(FEISHU_WEBHOOK_URL=bot.url, FEISHU_WEBHOOK_SECRET="of the real group")

    with SandboxServer(data_dir=tmp_path / "platforms") as sandbox:
        done = project.meltano(
            "--environment=sandbox",
            "run",
            "tap-toy",
            "target-toy",
            TARGET_FEISHU_BITABLE_API_URL=sandbox.url,
        )
        (card,) = sandbox.platform.feishu.cards

    assert done.returncode == 0
    assert "Feishu card" not in done.stderr
    assert bot.messages == []
    title = card.payload["card"]["header"]["title"]["content"]
    assert title == "巨量本地推【演示】同步成功"


def test_bots_that_are_down_or_wrong_cost_one_warning_and_nothing_else(project, bot, closed_port):
    bot.answers = [(200, b'{"code":19001,"data":{},"msg":"param invalid"}'), (200, b'{"code":0}')]
    down = f"http://127.0.0.1:{closed_port}/hook/down-with-a-secret-name"

    done = project.run(FEISHU_WEBHOOK_URL=f"{down},{bot.url},{bot.url}")

    assert done.returncode == 0
    warnings = [line for line in done.stderr.splitlines() if "Feishu card" in line]
    assert len(warnings) == 1
    assert "webhook 1: the bot cannot be reached" in warnings[0]
    assert "webhook 2: code 19001" in warnings[0]
    assert "secret-name" not in done.stderr
    assert len(bot.messages) == 2
    assert done.stderr.splitlines()[-1] == warnings[0]


def test_dry_run_sends_nothing_and_log_format_still_works(project, bot):
    done = project.meltano(
        "--log-format=json", "run", "--dry-run", "tap-toy", "target-toy", FEISHU_WEBHOOK_URL=bot.url
    )

    assert done.returncode == 0
    assert bot.messages == []
    last = json.loads(done.stderr.splitlines()[-1])
    assert (last["event"], last["status"]) == ("Run completed", "success")


def test_log_format_works_outside_of_projects_too(project):
    (project.root / "meltano.yml").unlink()

    done = project.meltano("--log-config=logging.yaml", "--log-format=json", "init", "new")

    assert done.returncode == 0, done.stderr
    events = [json.loads(line)["event"] for line in done.stderr.splitlines() if line]
    assert "Using logging configuration from logging.yaml" in events


def test_missing_package_gives_the_message_that_logging_yaml_explains(project, tmp_path):
    package = tmp_path / "elsewhere" / "feishu_notify"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ModuleNotFoundError(__name__)")

    done = project.run(PYTHONPATH=str(package.parent))

    assert done.returncode == 1
    explained = re.match(r'# "(Unable to configure handler .*?)"', project.logging_yaml)
    assert explained is not None
    assert explained[1] in done.stderr
