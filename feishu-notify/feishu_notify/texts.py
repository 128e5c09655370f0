"""What stands on the cards, in Chinese and in English.

Each text is a pair (zh, en). ``{names}`` are filled in by `Texts.__call__`.
"""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # titles, without the prefix
    "title_success": ("同步成功", "sync succeeded"),
    "title_attention": ("同步成功，有提醒", "sync succeeded, with warnings"),
    "title_trial": ("试运行成功，没有写入", "trial run succeeded, nothing was written"),
    "title_trial_attention": (
        "试运行成功，没有写入，有提醒",
        "trial run succeeded, with warnings, nothing was written",
    ),
    "title_partial": ("同步部分失败", "sync partly failed"),
    "title_failed": ("同步失败", "sync failed"),
    "title_reauthorise": ("Token 刷新失败，需要重新授权", "token refresh failed, authorise again"),
    "title_busy": ("同步未执行：上一次还在运行", "sync not run: the previous one is still running"),
    "title_timed_out": ("同步超时被终止", "sync stopped by its timeout"),
    "title_stopped": ("同步被中断", "sync was interrupted"),
    "title_overdue": ("同步长时间没有成功", "no successful sync for too long"),
    # labels
    "dates": ("日期", "Dates"),
    "accounts": ("账户", "Accounts"),
    "rows": ("写入", "Rows"),
    "rows_planned": ("试运行，只计划、没有写入", "Trial run, planned and not written"),
    "read": ("读取", "Read"),
    "day": ("{date} 数据", "Figures of {date}"),
    "duration": ("用时", "Duration"),
    "job": ("任务", "Job"),
    "failed_part": ("失败环节", "What failed"),
    "error": ("错误", "Error"),
    "failed_accounts": ("失败账户", "Accounts failed"),
    "warnings": ("提醒", "Warnings"),
    "advice": ("建议", "What to do"),
    "log": ("日志", "Log"),
    "ended": ("结束时间", "Ended"),
    "last_success": ("最近一次成功", "Last success"),
    # values
    "date_range": ("{first} 至 {last}", "{first} to {last}"),
    "accounts_value": ("共 {total} 个，失败 {failed} 个", "{total}, of which {failed} failed"),
    "account_named": ("{name}（{id}）", "{name} ({id})"),
    "accounts_all_read": ("{total} 个", "{total}"),
    "rows_value": (
        "新增 {created} 行，更新 {updated} 行，未变 {unchanged} 行",
        "{created} created, {updated} updated, {unchanged} unchanged",
    ),
    "rows_of_stream": ("{stream}：{value}", "{stream}: {value}"),
    "read_value": ("{count} 行", "{count} rows"),
    "day_value": (
        "消耗 {cost} 元，转化 {conversions}，平均转化成本 {average} 元",
        "cost {cost} yuan, conversions {conversions}, average cost per conversion {average} yuan",
    ),
    "seconds": ("{seconds} 秒", "{seconds} s"),
    "minutes": ("{minutes} 分 {seconds} 秒", "{minutes} min {seconds} s"),
    "hours": ("{hours} 小时 {minutes} 分", "{hours} h {minutes} min"),
    "part_extractor": (
        "读取数据（{plugin}，退出码 {code}）",
        "extractor ({plugin}, exit code {code})",
    ),
    "part_loader": ("写入表格（{plugin}，退出码 {code}）", "loader ({plugin}, exit code {code})"),
    "part_plugin": ("{plugin}", "{plugin}"),
    "part_meltano": ("Meltano", "Meltano"),
    "part_meltano_exit": ("Meltano（退出码 {code}）", "Meltano (exit code {code})"),
    "no_error_text": (
        "日志里没有错误信息，请看终端或 cron 的输出",
        "nothing about the error in the log: see the terminal or the output of cron",
    ),
    "more": ("……另有 {count} 项", "… and {count} more"),
    "moment": ("{moment}（北京时间）", "{moment} (UTC+8)"),
    "never": ("没有记录", "none on record"),
    "open_table": ("打开表格", "Open the table"),
    "open_authorise": ("重新授权", "Authorise again"),
    "stable_note": (
        "昨日数据约 10:00 后稳定，次日自动修正",
        "Yesterday's figures settle at about 10:00; the next run corrects them",
    ),
    # advice
    "advice_partial": (
        ("成功账户的数据已写入；失败账户下次运行会自动补上。按上面的原因处理后也可立即重跑。"),
        (
            "Rows of the other accounts are in the table; the next run reads the failed ones "
            "again. Mend the cause above, and run again when it cannot wait."
        ),
    ),
    "advice_failed": (
        "按上面的错误处理后重跑；没有写完的数据下次运行会自动补上，不会重复。",
        "Mend the error above and run again; the next run catches up without duplicates.",
    ),
    "advice_reauthorise": (
        (
            "刷新令牌已失效（30 天未使用、重新授权过，或被别的程序刷新过）。请重新授权：运行 "
            "`{command}` 打印授权链接，登录同意后运行 `{command} --code '回调链接'`。"
        ),
        (
            "The refresh token is no longer valid (unused for 30 days, authorised anew, or "
            "refreshed by another program). Run `{command}` for the link, agree there, then "
            "run `{command} --code 'CALLBACK LINK'`."
        ),
    ),
    "advice_busy": (
        "等上一次运行结束即可。若确认没有在运行（例如机器重启过），5 分钟后锁会自动失效。",
        (
            "Wait for the other run. If none is alive (after a reboot, say), its lock lapses "
            "in 5 minutes."
        ),
    ),
    "advice_timed_out": (
        (
            "运行超过 {timeout} 秒被终止；已写入的数据保留，下次运行会继续。数据量大时请调大 "
            "--timeout。"
        ),
        (
            "The run was stopped after {timeout} s; rows that were written stay, and the "
            "next run goes on. Raise --timeout when there is much to read."
        ),
    ),
    "advice_stopped": (
        "运行被信号中断（重启、部署或手动停止）；已写入的数据保留，下次运行会继续。",
        (
            "A signal stopped the run (reboot, deployment or by hand); rows that were "
            "written stay, and the next run goes on."
        ),
    ),
    "advice_overdue": (
        (
            "请检查定时任务（crontab -l、systemctl list-timers）是否还在、机器是否开着，再看"
            "最近的失败卡片；可手动运行一次。"
        ),
        (
            "See whether the timer still exists (crontab -l, systemctl list-timers) and the "
            "machine was on, look at the last failure card, and run it once by hand."
        ),
    ),
    "overdue_value": (
        "超过 {hours} 小时没有成功的同步",
        "no successful run within {hours} hours",
    ),
    # findings
    "token_expires": (
        "刷新令牌还有 {days} 天过期，请在过期前让任务至少成功运行一次，或重新授权",
        (
            "the refresh token expires in {days} days: have one successful run before, or "
            "authorise again"
        ),
    ),
    "duplicates": (
        ("表中有 {count} 行重复数据（{stream}），用 check-duplicates 查看、clean-duplicates 清理"),
        ("{count} surplus rows in the table ({stream}): see check-duplicates and clean-duplicates"),
    ),
    "no_rows": (
        "{date} 没有任何数据，而之前几天有：请确认投放是否停了、账户授权是否还在",
        (
            "no rows for {date} although the days before had some: is delivery paused, are "
            "accounts still authorised?"
        ),
    ),
    "anomaly_cost": (
        "{date} 消耗 {value} 元，与其他各日均值 {mean} 元相差 {percent}%",
        ("cost of {date} is {value} yuan, {percent} % off the mean of the other days, {mean} yuan"),
    ),
    "anomaly_conversions": (
        "{date} 转化 {value}，与其他各日均值 {mean} 相差 {percent}%",
        ("conversions of {date} are {value}, {percent} % off the mean of the other days, {mean}"),
    ),
    "cost_gap": ("单元消耗合计与账户消耗不一致：{text}", "cost gap: {text}"),
    "row_limit_passed": (
        "表格行数超过设置的上限：{text}",
        "the table has passed the configured limit: {text}",
    ),
    "row_limit": ("表格行数接近上限：{text}", "the table is filling up: {text}"),
    "more_warnings": (
        "{plugin}：另有 {count} 条提醒，见日志",
        "{plugin}: {count} more warnings, see the log",
    ),
    "plugin_warning": (
        "{plugin}：{text}",
        "{plugin}: {text}",
    ),
    # the test command
    "test_error": (
        "测试消息：令牌已过期（code 40105，request id 20260211070003ABCDEF）",
        "a test: access token expired (code 40105, request id 20260211070003ABCDEF)",
    ),
    "test_warning": (
        "测试提醒",
        "a test warning",
    ),
}

_INDEX = {"zh": 0, "en": 1}


class Texts:
    """The texts in one language.

    Args:
        language: ``zh`` or ``en``.
    """

    def __init__(self, language: str) -> None:
        self._index = _INDEX[language]
        self.colon = ("：", ": ")[self._index]

    def __call__(self, key: str, **values: str) -> str:
        """Return the text with its values filled in."""
        return TEXTS[key][self._index].format(**values)
