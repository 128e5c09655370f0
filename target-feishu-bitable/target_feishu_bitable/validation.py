"""Whether a record fits the schema that its source declared."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

import fastjsonschema
from singer_sdk.exceptions import InvalidRecord
from singer_sdk.sinks.core import BaseJSONSchemaValidator
from typing_extensions import override

from target_feishu_bitable.errors import SchemaMismatch
from target_feishu_bitable.texts import MOST_DIGITS

_UNIONS: Final = frozenset({"anyOf", "oneOf", "allOf"})
_EXCLUSIVE: Final = frozenset({"exclusiveMinimum", "exclusiveMaximum"})
_NO_SCHEMA: Final = (
    fastjsonschema.JsonSchemaException,
    re.error,
    AttributeError,
    KeyError,
    OSError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What the compiler raises, or stumbles over, where a schema is of another form than it expects."""


class Validator(BaseJSONSchemaValidator):
    """fastjsonschema in place of the SDK's default: a fifth of the time per record.

    A record is never changed: a default of the schema would overwrite cells that it does not name.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__(schema)
        self._check = fastjsonschema.compile(
            _readable(schema), handlers=_NOT_FETCHED, use_default=False, use_formats=False
        )

    @override
    def validate(self, record: dict[str, Any]) -> None:
        try:
            self._check(record)
        except fastjsonschema.JsonSchemaValueException as error:
            if not self._fits(_whole_numbers(record)):
                raise InvalidRecord(error.message, record) from None

    def _fits(self, record: Any) -> bool:  # noqa: ANN401  JSON
        try:
            self._check(record)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True


def _whole_numbers(value: Any) -> Any:  # noqa: ANN401  JSON
    """Return JSON with 5 for 5.0: both are an integer there, but not for the compiled check."""
    if isinstance(value, Decimal):
        is_short = value.is_finite() and value.adjusted() <= MOST_DIGITS
        return int(value) if is_short and value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _whole_numbers(one) for name, one in value.items()}
    return [_whole_numbers(one) for one in value] if isinstance(value, list) else value


def _readable(schema: Any) -> Any:  # noqa: ANN401  JSON
    """Return a schema as the compiler takes it.

    `multipleOf` is no rule for cells, and 0.01 as a float divides no decimal exactly; nor is what
    draft 4 says with true or false, that a bound is exclusive. The Singer SDK itself writes
    `{"anyOf": [{…}, "null"]}`.
    """
    if isinstance(schema, list):
        return [_readable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        name: _readable(one)
        for name, one in schema.items()
        if name != "multipleOf" or isinstance(one, dict)  # a property may be called so
        if name not in _EXCLUSIVE or not isinstance(one, bool)
    }
    for union in _UNIONS & found.keys():
        if isinstance(found[union], list):
            found[union] = [{"type": one} if isinstance(one, str) else one for one in found[union]]
    return found


def _refused(address: str) -> Any:  # noqa: ANN401  never returns
    raise fastjsonschema.JsonSchemaDefinitionException(f"It refers to another document: {address}")


_NOT_FETCHED: Final = dict.fromkeys(("", "file", "ftp", "http", "https"), _refused)


def validator_for(schema: dict[str, Any], stream: str) -> BaseJSONSchemaValidator:
    """Return what checks the records of a stream.

    Raises:
        SchemaMismatch: The schema itself is not valid.
    """
    try:
        return Validator(schema)
    except _NO_SCHEMA as error:
        raise SchemaMismatch(
            f"The JSON Schema of the stream {stream} is not valid: {error}. Correct it in the "
            "source."
        ) from None
