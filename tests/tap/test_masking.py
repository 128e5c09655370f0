"""Personal data of leads."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_oceanengine_local.masking import PERSONAL, hidden_fields, mask_mobiles, mask_phone, protect

PHONE = "13812345678"
LEAD = {
    "clue_id": "7604418424915820607",
    "local_account_id": "1790000000000001",
    "create_time_detail": "2026-02-11T14:00:00+08:00",
    "name": "王小明",
    "telephone": PHONE,
    "weixin": "wx_abc",
    "address": "某路 1 号",
    "remark": f"打 {PHONE}",
    "remark_dict": '{"生日":"1990"}',
    "ext_info": "{}",
    "clue_intention": "{}",
    "gender": "MALE",
    "age": 30,
    "promotion_name": f"单元 {PHONE} 号",
    "tags": ["熟客", f"电话{PHONE}"],
    "effective_state": 1,
    "city_name": None,
}


def test_masked_leads_show_no_person():
    masked = protect(LEAD, "mask")
    assert masked == {
        "clue_id": "7604418424915820607",
        "local_account_id": "1790000000000001",
        "create_time_detail": "2026-02-11T14:00:00+08:00",
        "name": "***",
        "telephone": "138******78",
        "weixin": "***",
        "address": "***",
        "remark": "***",
        "remark_dict": "***",
        "ext_info": "***",
        "clue_intention": "***",
        "promotion_name": "单元 138******78 号",
        "tags": ["熟客", "电话138******78"],
        "effective_state": 1,
        "city_name": None,
    }


def test_plain_leads_are_as_they_came():
    assert protect(LEAD, "plain") == LEAD
    assert hidden_fields("plain") == frozenset()


def test_omitted_fields_are_absent_and_numbers_elsewhere_masked():
    left = protect(LEAD, "omit")
    assert not PERSONAL & set(left)
    assert left["promotion_name"] == "单元 138******78 号"
    assert hidden_fields("omit") == PERSONAL
    assert hidden_fields("mask") == {"gender", "age"}


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        (PHONE, "138******78"),
        ("+86 138-1234-5678", "138******78"),
        ("8613812345678", "138******78"),
        ("138****5678", "138**78"),
        ("010-12345678", "010******78"),
        ("12345", "***"),
        ("geheim", "***"),
    ],
)
def test_a_phone_keeps_three_digits_in_front_and_two_behind(phone, masked):
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("回电13812345678谢谢", "回电138******78谢谢"),
        ("13812345678/19912345678", "138******78/199******78"),
        ("+8613812345678", "+86138******78"),
        ("8613812345678", "86138******78"),
        ("138 1234 5678", "138******78"),
        ("138-1234-5678", "138******78"),
        ("7604418424915820607", "7604418424915820607"),
        ("12812345678", "12812345678"),
        ("2026-02-11T14:00:00+08:00", "2026-02-11T14:00:00+08:00"),
    ],
)
def test_mobile_numbers_in_texts_are_masked_and_ids_are_not(text, masked):
    assert mask_mobiles(text) == masked


@given(st.text(max_size=20), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.text(max_size=20))
def test_no_mobile_number_survives_in_any_text(before, phone, after):
    if re.search(r"\d$", before) or re.match(r"\d", after):
        return
    assert phone not in mask_mobiles(f"{before}{phone}{after}")
