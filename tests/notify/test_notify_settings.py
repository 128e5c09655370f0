"""Where cards go: process environment, .env, closed environments."""

from __future__ import annotations

import pytest

from feishu_notify.settings import (
    Appearance,
    Webhook,
    find_project,
    is_loopback,
    load,
    read_dotenv,
    selected_environment,
)

REAL = "https://open.feishu.cn/open-apis/bot/v2/hook/real"
LOCAL = "http://127.0.0.1:9999/open-apis/bot/v2/hook/test"
SECTION = {"sandbox": {"label": "演示", "webhook_url": "http://127.0.0.1:8765/hook/s"}}
OWN = (Webhook("http://127.0.0.1:8765/hook/s"),)


def test_process_environment_wins_over_dotenv():
    dotenv = {"FEISHU_WEBHOOK_URL": REAL, "FEISHU_WEBHOOK_SECRET": "s", "FEISHU_NOTIFY": "none"}
    assert load("prod", {}, dotenv, SECTION).webhooks == (Webhook(REAL, "s"),)
    assert load("prod", {}, dotenv, SECTION).notify == "none"

    settings = load("prod", {"FEISHU_WEBHOOK_URL": LOCAL, "FEISHU_NOTIFY": ""}, dotenv, SECTION)
    assert settings.webhooks == (Webhook(LOCAL, "s"),)
    assert settings.notify == "always"
    assert load("prod", {"FEISHU_WEBHOOK_URL": ""}, dotenv, SECTION).webhooks == ()


def test_closed_environment_takes_nothing_from_dotenv():
    dotenv = {
        "FEISHU_WEBHOOK_URL": REAL,
        "FEISHU_WEBHOOK_SECRET": "s",
        "FEISHU_NOTIFY": "none",
        "FEISHU_NOTIFY_LANGUAGE": "en",
    }
    settings = load("sandbox", {}, dotenv, SECTION)

    assert settings.webhooks == OWN
    assert settings.notify == "always"
    assert settings.look == Appearance(label="演示")
    local = {"FEISHU_WEBHOOK_URL": LOCAL}
    assert load("sandbox", {}, local, SECTION).webhooks == OWN
    assert load("sandbox", local, local, SECTION).webhooks == OWN  # what Meltano gives a plugin


def test_closed_environment_follows_the_process_only_on_this_machine():
    def hooks(url):
        return load("sandbox", {"FEISHU_WEBHOOK_URL": url}, {}, SECTION).webhooks

    assert hooks(LOCAL) == (Webhook(LOCAL),)
    assert hooks(REAL) == OWN
    assert hooks(f"{LOCAL},{REAL}") == OWN


def test_closed_environment_can_follow_a_variable():
    url = "${TARGET_API_URL:-http://127.0.0.1:8765}/hook/s"
    sections = {"sandbox": {"webhook_url": url, "webhook_secret": "${NOBODY}"}}

    assert load("sandbox", {}, {"TARGET_API_URL": REAL}, sections).webhooks == OWN
    moved = load("sandbox", {"TARGET_API_URL": "http://127.0.0.1:9000"}, {}, sections)
    assert moved.webhooks == (Webhook("http://127.0.0.1:9000/hook/s"),)


def test_other_environments_never_use_the_closed_ones():
    for environment in ("prod", None):
        settings = load(environment, {}, {}, SECTION)
        assert settings.webhooks == ()
        assert settings.look.label is None


def test_titles_begin_with_the_keyword_and_carry_the_label():
    assert Appearance().headline("同步成功") == "巨量本地推 同步成功"
    assert Appearance(label="演示").headline("同步成功") == "巨量本地推【演示】同步成功"


def test_several_webhooks_with_one_secret_or_one_each():
    def hooks(secret):
        values = {"FEISHU_WEBHOOK_URL": f"{REAL}, {LOCAL} ,", "FEISHU_WEBHOOK_SECRET": secret}
        return load(None, values, {}, {})

    assert hooks("one").webhooks == (Webhook(REAL, "one"), Webhook(LOCAL, "one"))
    assert hooks("one,two").webhooks == (Webhook(REAL, "one"), Webhook(LOCAL, "two"))
    assert hooks("").webhooks == (Webhook(REAL), Webhook(LOCAL))
    assert "3 values for 2 webhooks" in hooks("a,b,c").problems[0]


@pytest.mark.parametrize("mark", [",", "，", " , ", "\n", " "])
def test_lists_may_be_parted_as_people_part_them(mark):
    urls = ("https://open.feishu.cn/hook/1", "https://open.feishu.cn/hook/2")
    values = {"FEISHU_WEBHOOK_URL": mark.join(urls), "FEISHU_WEBHOOK_SECRET": f"one{mark}two"}
    assert load(None, values, {}, {}).webhooks == (
        Webhook(urls[0], "one"),
        Webhook(urls[1], "two"),
    )


def test_closed_environment_with_nothing_in_it_stays_closed():
    dotenv = {"FEISHU_WEBHOOK_URL": "https://open.feishu.cn/hook/real"}
    assert load("sandbox", {}, dotenv, {"sandbox": None}).webhooks == ()


def test_percentage_of_thousands_of_digits_is_a_mistake_like_others():
    chosen = load(None, {"FEISHU_NOTIFY_ANOMALY_PERCENT": "9" * 5000}, {}, {})
    assert chosen.anomaly_percent == 200
    assert "FEISHU_NOTIFY_ANOMALY_PERCENT" in chosen.problems[0]


def test_mistakes_are_told_and_replaced_by_defaults():
    settings = load(
        None,
        {
            "FEISHU_WEBHOOK_URL": f"open.feishu.cn/hook/x,{REAL}",
            "FEISHU_NOTIFY": "sometimes",
            "FEISHU_NOTIFY_LANGUAGE": "fr",
            "FEISHU_NOTIFY_ANOMALY_PERCENT": "-5",
        },
        {},
        {},
    )
    assert settings.webhooks == (Webhook(REAL),)
    assert (settings.notify, settings.look.language) == ("always", "zh")
    assert settings.anomaly_percent == 200
    names = (
        "FEISHU_WEBHOOK_URL",
        "FEISHU_NOTIFY_LANGUAGE",
        "FEISHU_NOTIFY is",
        "FEISHU_NOTIFY_ANOMALY_PERCENT",
    )
    for name in names:
        assert any(problem.startswith(name) for problem in settings.problems)
    assert load(None, {"FEISHU_NOTIFY_ANOMALY_PERCENT": "80%"}, {}, {}).anomaly_percent == 80


def test_project_is_found_upwards_or_as_meltano_was_told(tmp_path):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert find_project(inside, {}) is None
    (tmp_path / "meltano.yml").touch()
    assert find_project(inside, {}) == tmp_path
    assert find_project(inside, {"MELTANO_PROJECT_ROOT": "/srv/x"}).as_posix() == "/srv/x"


def test_dotenv_is_read_like_meltano_reads_it(tmp_path):
    path = tmp_path / ".env"
    assert read_dotenv(path) == {}
    assert read_dotenv(None) == {}
    path.write_text("export FEISHU_NOTIFY='problems' # why\nEMPTY\nA=1\nB=${A}2\n")
    assert read_dotenv(path) == {"FEISHU_NOTIFY": "problems", "A": "1", "B": "12"}


def test_dotenv_in_another_encoding_still_gives_what_is_ascii(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(f"# 群机器人\nFEISHU_WEBHOOK_URL={REAL}\n".encode("gbk"))
    assert read_dotenv(path) == {"FEISHU_WEBHOOK_URL": REAL}


def test_environment_is_selected_in_meltanos_order():
    dotenv = {"MELTANO_ENVIRONMENT": "prod"}
    assert selected_environment({}, dotenv) == "prod"
    assert selected_environment({"MELTANO_ENVIRONMENT": "sandbox"}, dotenv) == "sandbox"
    assert selected_environment({"MELTANO_ENVIRONMENT": "null"}, dotenv) is None
    assert selected_environment({}, {}) is None


def test_loopback_is_this_machine_only():
    for url in (LOCAL, "http://localhost:1/x", "http://[::1]:80/x", "http://127.1.2.3/x"):
        assert is_loopback(url)
    for url in (REAL, "http://127.0.0.1.example.com/", "http://10.0.0.1/", "x", "http://[::1"):
        assert not is_loopback(url)


def test_an_address_that_others_could_read_on_the_way_is_not_used():
    open_link = REAL.replace("https:", "http:")
    for url in (open_link, "http://10.0.0.1/hook/x", "ftp://open.feishu.cn/hook/x"):
        settings = load(None, {"FEISHU_WEBHOOK_URL": url}, {}, {})
        assert settings.webhooks == ()
        assert "https" in settings.problems[0]
        assert url not in settings.problems[0]
