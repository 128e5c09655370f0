"""Feishu's error codes: text, HTTP status as documented, and the exception that carries one."""

from __future__ import annotations

from typing import Any, Final

NO_BEARER: Final = (
    "Missing access token for authorization. Please make a request with token attached."
)
BAD_BEARER: Final = (
    "Invalid access token for authorization. Please make a request with token attached."
)

# code -> (message, HTTP status); the statuses follow the error tables of the API reference,
# and the measured ones where somebody measured (1254043, 1254061, 1254290, gateway codes).
CODES: Final[dict[int, tuple[str, int]]] = {
    9499: ("Bad Request", 200),
    10003: ("invalid param", 200),
    10014: ("app secret invalid", 200),
    11232: ("create message service trigger rate limit", 200),
    11246: ("create message content fail", 200),
    19001: ("param invalid: incoming webhook access token invalid", 200),
    19002: ("params error, msg_type need", 200),
    19007: ("Bot Not Enabled", 200),
    19021: ("sign match fail or timestamp is not within one hour from current time", 200),
    19022: ("Ip Not Allowed", 200),
    19024: ("Key Words Not Found", 200),
    19036: ("The message exceeds the size limit of 30KB", 200),
    91402: ("NOTEXIST", 404),
    91403: ("Forbidden", 403),
    131002: ("param err", 400),
    131005: ("not found: node not found", 400),
    131006: ("permission denied: node permission denied", 400),
    1254000: ("WrongRequestJson", 200),
    1254001: ("WrongRequestBody", 200),
    1254002: ("Fail", 200),
    1254003: ("WrongBaseToken", 200),
    1254004: ("WrongTableId", 200),
    1254005: ("WrongViewId", 200),
    1254006: ("WrongRecordId", 200),
    1254007: ("EmptyValue", 200),
    1254009: ("WrongFieldId", 200),
    1254010: ("ReqConvError", 200),
    1254011: ("Page size must greater than 0.", 400),
    1254012: ("NotSupportFieldOrView", 200),
    1254013: ("TableNameDuplicated", 200),
    1254014: ("FieldNameDuplicated", 200),
    1254015: ("Field types do not match.", 400),
    1254016: ("InvalidSort", 200),
    1254018: ("InvalidFilter", 200),
    1254019: ("InvalidViewType", 400),
    1254020: ("ViewNameDuplicated", 400),
    1254021: ("EmptyViewName", 400),
    1254022: ("InvalidViewName", 400),
    1254023: ("LastViewDeleteForbidden", 200),
    1254024: ("InvalidFieldNames", 200),
    1254026: ("EmptyOptionName", 200),
    1254027: ("UploadAttachNotAllowed", 403),
    1254028: ("EmptyFieldName", 400),
    1254029: ("InvalidFieldName", 400),
    1254030: ("TooLargeResponse", 200),
    1254031: ("InvalidAppName", 400),
    1254034: ("The last table cannot be deleted.", 403),
    1254037: (
        "Invalid client token, make sure that it complies with the specification.",
        400,
    ),
    1254040: ("BaseTokenNotFound", 200),
    1254041: ("TableIdNotFound", 200),
    1254042: ("ViewIdNotFound", 200),
    1254043: ("RecordIdNotFound", 200),
    1254044: ("FieldIdNotFound", 200),
    1254045: ("FieldNameNotFound", 200),
    1254046: ("The Primary Field cannot be deleted.", 200),
    1254060: ("TextFieldConvFail", 200),
    1254061: ("NumberFieldConvFail", 200),
    1254062: ("SingleSelectFieldConvFail", 200),
    1254063: ("MultiSelectFieldConvFail", 200),
    1254064: ("DatetimeFieldConvFail", 200),
    1254065: ("CheckboxFieldConvFail", 200),
    1254066: ("UserFieldConvFail", 200),
    1254067: ("LinkFieldConvFail", 200),
    1254068: ("URLFieldConvFail", 200),
    1254069: ("AttachFieldConvFail", 200),
    1254072: ("Failed to convert phone field, please make sure it is correct.", 200),
    1254074: ("DuplexLinkFieldConvFail", 400),
    1254080: ("TextFieldPropertyError", 400),
    1254081: ("NumberFieldPropertyError", 400),
    1254082: ("SingleSelectFieldPropertyError", 400),
    1254083: ("MultiSelectFieldPropertyError", 400),
    1254084: ("DateFieldPropertyError", 400),
    1254085: ("CheckboxFieldPropertyError", 400),
    1254086: ("UserFieldPropertyError", 400),
    1254087: ("URLFieldPropertyError", 400),
    1254088: ("AttachFieldPropertyError", 400),
    1254089: ("LinkFieldPropertyError", 400),
    1254091: ("FormulaFieldPropertyError", 400),
    1254092: ("DuplexLinkFieldPropertyError", 400),
    1254093: ("CreatedTimeFieldPropertyError", 400),
    1254094: ("ModifiedTimeFieldPropertyError", 400),
    1254095: ("CreatedUserFieldPropertyError", 400),
    1254096: ("ModifiedUserFieldPropertyError", 400),
    1254100: ("TableExceedLimit", 200),
    1254101: ("ViewExceedLimit", 200),
    1254103: ("RecordExceedLimit", 200),
    1254104: ("RecordAddOnceExceedLimit", 200),
    1254105: ("ColumnExceedLimit", 200),
    1254106: ("AttachExceedLimit", 200),
    1254107: ("FilterLengthExceedLimit", 200),
    1254108: ("SortLengthExceedLimit", 200),
    1254112: ("TooManyRequestInSingleBase", 200),
    1254130: ("TooLargeCell", 200),
    1254290: ("TooManyRequest", 200),
    1254291: ("Write conflict", 200),
    1254301: ("OperationTypeError", 200),
    1254302: ("Permission denied.", 403),
    1254303: ("AttachPermNotAllow", 200),
    1254304: ("PermNotAllow", 403),
    1254306: ("The tenant or base owner is subject to base plan limits.", 403),
    1254606: ("DataNotChange", 200),
    1254607: ("Data not ready, please try again later", 400),
    1254608: ("Same API requests are submitted repeatedly.", 403),
    1255001: ("InternalError", 200),
    1255002: ("RpcError", 200),
    1255003: ("MarshalError", 200),
    1255004: ("UmMarshalError", 200),
    1255005: ("ConvError", 200),
    1255006: (
        "Client token conflict, please generate a new client token and try again.",
        400,
    ),
    1255040: ("Request timed out, please try again later", 504),
    99991400: ("request trigger frequency limit", 429),
    99991401: ("ip 127.0.0.1 is denied by app setting", 400),
    99991403: ("This month's API call quota has been exceeded", 400),
    99991661: (NO_BEARER, 400),
    99991663: (BAD_BEARER, 400),
    99991668: (BAD_BEARER, 400),
    99991672: ("Access denied. One of the following scopes is required", 400),
    99992402: ("field validation failed", 400),
}

# Pages whose error table differs from the others: (code, endpoint) -> HTTP status.
PAGE_STATUS: Final[dict[tuple[int, str], int]] = {
    (1254290, "table.patch"): 429,
    (1254290, "view.get"): 429,
    (1254290, "view.patch"): 429,
    (1254290, "record.batch_get"): 400,
    (1254302, "record.search"): 200,
    (1254302, "record.batch_get"): 400,
    (1254607, "record.batch_get"): 500,
}

GATEWAY_CODES: Final = range(99_990_000, 100_000_000)


class Refused(Exception):  # noqa: N818  the platform's answer, not a failure of this program
    """A business answer with a code other than 0.

    Attributes:
        code: The vendor's code.
        msg: Its text; the documented name of the code when none is given.
        error: Further members of the reply's `error` object.
        headers: Further headers of the reply.
    """

    def __init__(
        self,
        code: int,
        msg: str | None = None,
        *,
        error: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.code = code
        self.msg = CODES.get(code, ("failure", 200))[0] if msg is None else msg
        self.error = error or {}
        self.headers = headers or {}
        super().__init__(f"{code} {self.msg}")


def violation(field: str, description: str, value: object = "") -> Refused:
    """A parameter that breaks the request schema: 99992402 with its field violation."""
    entry = {"field": field, "value": str(value), "description": description}
    return Refused(99992402, error={"field_violations": [entry]})


def http_status(code: int, endpoint: str, mode: str, throttle_status: int) -> int:
    """HTTP status of a code on one endpoint.

    Gateway codes keep theirs in every mode; `mode` "ok" answers all business errors with 200.
    """
    if code in GATEWAY_CODES:
        return CODES.get(code, ("", 400))[1]
    if mode == "ok":
        return 200
    if code == 1254290 and throttle_status != 200:  # noqa: PLR2004  a code and a status
        return throttle_status
    documented = PAGE_STATUS.get((code, endpoint))
    if code == 1254290 or documented is None:  # noqa: PLR2004  measured: 200 on record pages
        return documented or CODES.get(code, ("", 200))[1]
    return documented
