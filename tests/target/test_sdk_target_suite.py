"""The SDK's own target suite, each test with a look at the rows that were stored.

The SDK replaces custom tests that carry its tests' names, and its tests check little: these have
names of their own and are run without the built-in ones.
"""

from __future__ import annotations

import importlib.resources
import json

import pytest
from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException
from singer_sdk.testing import get_target_test_class
from singer_sdk.testing import target_test_streams as streams
from singer_sdk.testing.suites import SingerTestSuite, target_tests
from singer_sdk.testing.templates import TargetFileTestTemplate, TargetTestTemplate

from platform_sandbox.defaults import FEISHU_APP_ID, FEISHU_APP_SECRET, FEISHU_BASE
from platform_sandbox.testing import SandboxServer
from target_feishu_bitable import lock
from target_feishu_bitable.errors import RowError
from target_feishu_bitable.target import TargetFeishuBitable

SETTINGS = {"app_id": FEISHU_APP_ID, "app_secret": FEISHU_APP_SECRET, "bitable": FEISHU_BASE}
APPENDING = {**SETTINGS, "load_method": "append-only"}
"""Both are completed by the sandbox before the first test runs."""
PLATFORM = []


def stored(table):
    """Cells of all rows by column name, oldest row first."""
    (platform,) = PLATFORM
    return [cells for _, cells in platform.feishu.base().table(table).rows()]


def as_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def types(table):
    (platform,) = PLATFORM
    fields = platform.feishu.base().table(table).fields
    return {field["field_name"]: field["type"] for field in fields}


class FromFile(TargetFileTestTemplate):
    """A file of the SDK, and the rows it has to leave behind."""

    file = ""

    @property
    def singer_filepath(self):
        return importlib.resources.files(streams) / f"{self.file}.singer"

    def teardown(self):
        """Nothing to do: the platform is reset before each test."""


class ArrayData(FromFile):
    name, file = "bitable_array_data", "array_data"

    def validate(self):
        assert types("test_array_data") == {"id": 1, "fruits": 1}
        assert stored("test_array_data")[0] == {"id": "1", "fruits": '["apple","orange","pear"]'}
        assert len(stored("test_array_data")) == 4


class Camelcase(FromFile):
    name, file = "bitable_camelcase", "camelcase"

    def validate(self):
        assert stored("TestCamelcase") == [
            {"Id": "1", "clientName": "Gitter Windows Desktop App"},
            {"Id": "2", "clientName": "Gitter iOS App"},
        ]


class CamelcaseComplexSchema(FromFile):
    name, file = "bitable_camelcase_complex_schema", "camelcase_complex_schema"

    def validate(self):
        table = "ForecastingTypeToCategory"
        assert types(table)["IsDeleted"] == 7
        assert types(table)["DisplayPosition"] == 2
        assert types(table)["CreatedDate"] == 1
        records = [message["record"] for message in self.messages() if message["type"] == "RECORD"]
        assert len(stored(table)) == len({record["Id"] for record in records})
        for cells in stored(table):
            record = next(one for one in records if one["Id"] == cells["Id"])
            for name, value in record.items():
                assert cells.get(name) == value, name

    def messages(self):
        return map(json.loads, self.singer_filepath.read_text("utf-8").splitlines())


class CliPrints(TargetTestTemplate):
    name = "bitable_cli_prints"

    def test(self):
        self.target.print_version()
        self.target.print_about()
        self.target.print_about(output_format="json")

    def validate(self):
        (platform,) = PLATFORM
        assert platform.requests.count() == 0

    def teardown(self):
        """Nothing to do."""


class DuplicateRecords(FromFile):
    name, file = "bitable_duplicate_records", "duplicate_records"

    def validate(self):
        assert stored("test_duplicate_records") == [
            {"id": "1", "metric": 100},
            {"id": "2", "metric": 20},
        ]
        assert self.runner.state_messages[-1] == {"test_duplicate_records": 2}


class EncodedStringData(FromFile):
    name, file = "bitable_encoded_string_data", "encoded_string_data"

    def validate(self):
        for line in self.singer_filepath.read_text("utf-8").splitlines():
            message = json.loads(line)
            if message["type"] == "RECORD":
                cells = {
                    name: value if isinstance(value, str) else as_json(value)
                    for name, value in message["record"].items()
                }
                assert cells in stored(message["stream"])


class InvalidSchema(FromFile):
    name, file = "bitable_invalid_schema", "invalid_schema"

    def test(self):
        with pytest.raises(Exception, match=r"invalid_schema|properties"):
            super().test()

    def validate(self):
        (platform,) = PLATFORM
        assert platform.requests.writes == 0


class MultipleStateMessages(FromFile):
    name, file = "bitable_multiple_state_messages", "multiple_state_messages"

    def validate(self):
        last = [
            message
            for line in self.singer_filepath.read_text("utf-8").splitlines()
            if (message := json.loads(line))["type"] == "STATE"
        ][-1]
        assert self.runner.state_messages[-1] == last["value"]
        assert len(stored("test_multiple_state_messages_a")) == 6
        assert len(stored("test_multiple_state_messages_b")) == 6


class OptionalAttributes(FromFile):
    name, file = "bitable_optional_attributes", "optional_attributes"

    def validate(self):
        assert stored("test_optional_attributes") == [
            {"id": "1", "optional": "This is optional"},
            {"id": "2"},
            {"id": "3", "optional": "Also optional"},
            {"id": "4"},
        ]


class RecordBeforeSchema(FromFile):
    name, file = "bitable_record_before_schema", "record_before_schema"

    def test(self):
        with pytest.raises(RecordsWithoutSchemaException):
            super().test()

    def validate(self):
        (platform,) = PLATFORM
        assert platform.requests.writes == 0


class RecordMissingKeyProperty(FromFile):
    name, file = "bitable_record_missing_key_property", "record_missing_key_property"

    def test(self):
        with pytest.raises((MissingKeyPropertiesError, RowError)):
            super().test()

    def validate(self):
        assert stored("test_record_missing_key_property") == []


class RecordMissingFields(FromFile):
    name, file = "bitable_record_missing_fields", "record_missing_fields"

    def validate(self):
        assert stored("record_missing_fields") == [
            {"id": "1", "optional": "now you see me"},
            {"id": "2"},
        ]


class SchemaUpdates(FromFile):
    name, file = "bitable_schema_updates", "schema_updates"

    def validate(self):
        assert types("test_schema_updates") == {
            "id": 1,
            "a1": 2,
            "a2": 1,
            "a3": 7,
            "a4": 1,
            "a5": 1,
            "a6": 2,
        }
        rows = {cells["id"]: cells for cells in stored("test_schema_updates")}
        assert rows["1"] == {"id": "1", "a1": 101, "a2": "string1"}
        assert rows["2"] == {"id": "2", "a1": 102, "a2": "string2", "a3": True}
        assert len(rows) == 6


class SpecialChars(FromFile):
    name, file = "bitable_special_chars_in_attributes", "special_chars_in_attributes"

    def validate(self):
        (cells,) = stored("test_SpecialChars!in_attributes")
        assert cells["_id"] == "a2e98886"
        assert json.loads(cells["d"])["agent:os:version"] == "10.13.1"


class UserLocations(FromFile):
    name, file = "bitable_user_location_data", "user_location_data"

    def validate(self):
        assert [cells["name"] for cells in stored("test_users")][:3] == [
            "Yannis",
            "Micael",
            "Jacob",
        ]
        assert stored("test_locations")[0] == {"id": "1", "name": "Philadelphia"}


class UserLocationUpserts(FromFile):
    """The second file on top of the first: known ids change, new ones are added."""

    name, file = "bitable_user_location_upserts", "user_location_upsert_data"

    def setup(self):
        (platform,) = PLATFORM
        fields = [{"field_name": "id", "type": 1}, {"field_name": "name", "type": 1}]
        for table in ("test_users", "test_locations"):
            platform.feishu.base().create_table(table, fields).add(
                [{"id": str(number), "name": f"old {number}"} for number in (1, 2, 3)]
            )

    def validate(self):
        names = {cells["id"]: cells["name"] for cells in stored("test_users")}
        assert names == {
            "1": "Johny",
            "2": "George",
            "3": "old 3",
            "5": "Jim",
            "8": "Thomas",
            "12": "Paul",
            "13": "Mary",
        }


class NoPrimaryKeysAreRefused(FromFile):
    name, file = "bitable_no_primary_keys_upsert", "no_primary_keys"

    def test(self):
        with pytest.raises(Exception, match="has no key, so upsert can't tell its rows apart"):
            super().test()

    def validate(self):
        (platform,) = PLATFORM
        assert platform.requests.count() == 0


class NoPrimaryKeys(FromFile):
    name, file = "bitable_no_primary_keys", "no_primary_keys"

    def validate(self):
        assert stored("test_no_pk") == [
            {"id": "1", "metric": 11},
            {"id": "2", "metric": 22},
            {"id": "3", "metric": 33},
        ]


class NoPrimaryKeysAppend(FromFile):
    name, file = "bitable_no_primary_keys_append", "no_primary_keys_append"

    def validate(self):
        assert [cells["metric"] for cells in stored("test_no_pk")] == [101, 202, 303, 404, 505]


class PrimaryKeyUpdates(FromFile):
    """The file's keys are inside its schema, where they count for nothing: rows are appended."""

    name, file = "bitable_pk_updates", "pk_updates"

    def validate(self):
        assert [cells["email"] for cells in stored("example_stream")] == [
            "alice@example.com",
            "bob@example.com",
        ]


class RecordMissingRequiredProperty(FromFile):
    name, file = "bitable_record_missing_required", "record_missing_required_property"

    def test(self):
        with pytest.raises(Exception, match="id"):
            super().test()

    def validate(self):
        assert stored("test_record_missing_required_property") == []


class SchemaNoProperties(FromFile):
    name, file = "bitable_schema_no_properties", "schema_no_properties"

    def validate(self):
        for stream in ("with", "no"):
            rows = stored(f"test_object_schema_{stream}_properties")
            assert [json.loads(cells["object_store"])["id"] for cells in rows] == [1, 2]


UPSERTING_TESTS = [
    ArrayData,
    Camelcase,
    CamelcaseComplexSchema,
    CliPrints,
    DuplicateRecords,
    EncodedStringData,
    InvalidSchema,
    MultipleStateMessages,
    OptionalAttributes,
    RecordBeforeSchema,
    RecordMissingKeyProperty,
    RecordMissingFields,
    SchemaUpdates,
    SpecialChars,
    UserLocations,
    UserLocationUpserts,
    NoPrimaryKeysAreRefused,
]
APPENDING_TESTS = [
    NoPrimaryKeys,
    NoPrimaryKeysAppend,
    PrimaryKeyUpdates,
    RecordMissingRequiredProperty,
    SchemaNoProperties,
]


def suite(settings, tests):
    return get_target_test_class(
        TargetFeishuBitable,
        config=settings,
        include_target_tests=False,
        parse_env_config=False,
        custom_suites=[SingerTestSuite(kind="target", tests=tests)],
    )


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory):
    with SandboxServer(data_dir=tmp_path_factory.mktemp("sandbox")) as sandbox:
        PLATFORM[:] = [sandbox.platform]
        for settings in (SETTINGS, APPENDING):
            settings["api_url"] = sandbox.url
        yield sandbox


@pytest.fixture(autouse=True)
def clean_platform(server, tmp_path, monkeypatch):
    server.platform.reset()
    server.platform.requests.clear()
    # The suite never ends a run as `listen` does, so a run's lock outlives it.
    monkeypatch.setattr(lock, "user_state_path", lambda _name: tmp_path)


class TestUpsert(suite(SETTINGS, UPSERTING_TESTS)):
    """What a stream with keys leaves behind."""


class TestAppend(suite(APPENDING, APPENDING_TESTS)):
    """What a stream without keys leaves behind."""


def test_every_file_of_the_sdks_suite_is_covered():
    ours = {test.file for test in UPSERTING_TESTS + APPENDING_TESTS if hasattr(test, "file")}
    files = {
        path.name.removesuffix(".singer")
        for path in importlib.resources.files(streams).iterdir()
        if path.name.endswith(".singer")
    }

    assert files <= ours
    assert {test.name for test in target_tests.tests} <= ours | {"cli_prints"}
