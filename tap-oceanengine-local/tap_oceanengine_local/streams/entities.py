"""The dimension lists, read as a whole each time: accounts, projects, units (promotions)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from tap_oceanengine_local.metrics import Field, entity_fields
from tap_oceanengine_local.pages import PAGE_SIZE, page_of, read_window, rows_of
from tap_oceanengine_local.parallel import run
from tap_oceanengine_local.records import RowReader
from tap_oceanengine_local.streams.base import ACCOUNT_NAME, LocalStream, given, required

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_oceanengine_local.accounts import Account
    from tap_oceanengine_local.pages import Page

_ACCOUNT_FIELDS: Final = (
    Field("local_account_id", "id", "账户ID", "Local promotion account.", required=True),
    ACCOUNT_NAME,
    Field("source", "text", "授权来源", "Kind of the authorisation subject it was found under."),
    Field("organization_id", "id", "组织ID", "The authorisation subject it was found under."),
    Field("account_type", "text", "账户类型", "As the platform calls it."),
)


def _with_account_name(fields: tuple[Field, ...], key: str) -> tuple[Field, ...]:
    marked = [required(field) if field.name == key else field for field in fields]
    place = [field.name for field in fields].index("local_account_id") + 1
    return (*marked[:place], ACCOUNT_NAME, *marked[place:])


class Accounts(LocalStream):
    """The accounts that are read, from the settings or from discovery."""

    name = "accounts"
    keys = ("local_account_id",)
    fields = _ACCOUNT_FIELDS

    @override
    def read(self) -> Iterator[dict[str, Any]]:
        self.stamp()
        self.progress.accounts = len(self.tap.accounts)
        shown = self.shown
        for account in self.tap.accounts:
            self.progress.rows += 1
            values = {
                **given(account),
                "source": account.source,
                "organization_id": account.organization_id,
                "account_type": account.account_type,
            }
            yield {name: value for name, value in values.items() if name in shown}


class EntityStream(LocalStream):
    """A list of an account's projects or units, deleted ones included."""

    path: ClassVar[str]
    list_key: ClassVar[str]
    filtering: ClassVar[Mapping[str, str]]

    @override
    def read(self) -> Iterator[dict[str, Any]]:
        accounts = self.tap.accounts
        self.progress.accounts = len(accounts)
        self.reader = RowReader(self.fields, self.shown, keys=self.keys)
        jobs = (read_window(partial(self._fetch, account), self.reader.key) for account in accounts)
        outcomes = run(
            jobs,
            parallel=self.tap.settings.max_parallel_requests,
            weigh=lambda page: len(page.rows),
        )
        for account, outcome in zip(accounts, outcomes, strict=True):
            if outcome.result is None:
                self.fail(account, "", outcome.error or RuntimeError("nothing came back"))
                continue
            self.stamp()
            self.progress.rows += len(outcome.result.rows)
            yield from map(self.reader.record, outcome.result.rows)

    def _fetch(self, account: Account, number: int) -> Page:
        data = self.tap.client.get(
            self.path,
            {
                "local_account_id": int(account.id),
                "filtering": dict(self.filtering),
                "page": number,
                "page_size": PAGE_SIZE,
            },
        )
        known = given(account)
        rows = [self.reader.read(row, known) for row in rows_of(data, self.list_key)]
        return page_of(rows, data.get("page_info"), number="total_number", pages="total_page")


class Projects(EntityStream):
    """All projects; without a scene the platform would return all, said here all the same."""

    name = "projects"
    keys = ("project_id",)
    fields = _with_account_name(entity_fields("projects"), "project_id")
    path = "/open_api/v3.0/local/project/list/"
    list_key = "project_list"
    filtering: ClassVar[Mapping[str, str]] = {
        "local_delivery_scene": "ALL",
        "project_status_first": "PROJECT_STATUS_ALL",
    }


class Promotions(EntityStream):
    """All units; without a scene the platform leaves out those that collect leads."""

    name = "promotions"
    keys = ("promotion_id",)
    fields = _with_account_name(entity_fields("promotions"), "promotion_id")
    path = "/open_api/v3.0/local/promotion/list/"
    list_key = "promotion_list"
    filtering: ClassVar[Mapping[str, str]] = {
        "local_delivery_scene": "ALL",
        "promotion_status_first": "PROMOTION_STATUS_ALL",
    }
