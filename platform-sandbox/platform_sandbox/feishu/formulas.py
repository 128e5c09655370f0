"""Formula columns: arithmetic, comparison, `&`, IF, ROUND, SUM, MAX, MIN, ABS, VALUE and TEXT.

Enough of the vendor's language for tables under test: columns are named `[name]`,
`$field[fld…]` or `bitable::$table[tbl…].$field[fld…]`. Anything else shows an empty cell.
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any, Final

from platform_sandbox.feishu.model import options_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from platform_sandbox.feishu.model import Field, Record, Table

REFERENCE: Final = re.compile(
    r'"[^"]*"'
    r"|(?:bitable::)?(?:\$table\[[^\]]*\]\.)?\$(?:field|column)\[(?P<id>[^\]]+)\]"
    r"|\[(?P<name>[^\]]+)\]"
    r"|(?P<sign><>|&|(?<![<>=!])=(?!=))",
)
SIGNS: Final = {"<>": "!=", "&": "@", "=": "=="}


def _number(value: Any) -> float:  # noqa: ANN401  a cell or an intermediate result
    return float(value) if value not in (None, "") else 0.0


def _text(value: Any) -> str:  # noqa: ANN401  a cell or an intermediate result
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


OPERATORS: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: lambda a, b: _number(a) + _number(b),
    ast.Sub: lambda a, b: _number(a) - _number(b),
    ast.Mult: lambda a, b: _number(a) * _number(b),
    ast.Div: lambda a, b: _number(a) / _number(b),
    ast.MatMult: lambda a, b: _text(a) + _text(b),
}
COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: lambda a, b: _text(a) == _text(b),
    ast.NotEq: lambda a, b: _text(a) != _text(b),
    ast.Gt: lambda a, b: operator.gt(_number(a), _number(b)),
    ast.GtE: lambda a, b: operator.ge(_number(a), _number(b)),
    ast.Lt: lambda a, b: operator.lt(_number(a), _number(b)),
    ast.LtE: lambda a, b: operator.le(_number(a), _number(b)),
}
FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "IF": lambda condition, yes, no="": yes if condition else no,
    "ROUND": lambda value, digits=0: round(_number(value), int(digits)),
    "SUM": lambda *values: sum(_number(value) for value in values),
    "MAX": lambda *values: max(_number(value) for value in values),
    "MIN": lambda *values: min(_number(value) for value in values),
    "ABS": lambda value: abs(_number(value)),
    "VALUE": _number,
    "TEXT": lambda value, _pattern="": _text(value),
    "CONCATENATE": lambda *values: "".join(_text(value) for value in values),
}


def _compile(node: ast.AST, read: Callable[[int, Record], Any]) -> Callable[[Record], Any]:
    """One node of the expression as a function of the record."""
    match node:
        case ast.Constant(value=value):
            return lambda _record: value
        case ast.Subscript(value=ast.Name(id="_column"), slice=ast.Constant(value=int(index))):
            return lambda record: read(index, record)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _compile(operand, read)
            return lambda record: -_number(inner(record))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            first, second, apply = (
                _compile(left, read),
                _compile(right, read),
                OPERATORS[type(sign)],
            )
            return lambda record: apply(first(record), second(record))
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in COMPARISONS:
            one, two, test = _compile(left, read), _compile(right, read), COMPARISONS[type(sign)]
            return lambda record: test(one(record), two(record))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            values = [_compile(argument, read) for argument in arguments]
            function = FUNCTIONS[name]
            return lambda record: function(*(value(record) for value in values))
    raise SyntaxError("not a formula that the sandbox evaluates")


def _parse(expression: str) -> tuple[ast.AST, list[tuple[str, str]]]:
    """The expression as a Python tree, and the columns it names as (kind, name or id)."""
    columns: list[tuple[str, str]] = []

    def translate(found: re.Match[str]) -> str:
        if found["sign"]:
            return SIGNS[found["sign"]]
        if found["id"] or found["name"]:
            columns.append(("id", found["id"]) if found["id"] else ("name", found["name"]))
            return f"_column[{len(columns) - 1}]"
        return found[0]

    return ast.parse(REFERENCE.sub(translate, expression.strip()), mode="eval").body, columns


def _cell(column: Field) -> Callable[[Record], Any]:
    """What a formula sees of a column: stored values, options by name."""
    names = {option["id"]: option["name"] for option in options_of(column)}

    def read(record: Record) -> Any:  # noqa: ANN401  stored values are a union
        value = record.values.get(column.id)
        return names.get(value, value) if isinstance(value, str) else value

    return read


def evaluate(table: Table, column: Field) -> Callable[[Record], Any]:
    """The formula of a column as a function of a record: number, text, or None for empty."""
    expression = str((column.property or {}).get("formula_expression") or "")
    by_id, by_name = table.by_id(), table.by_name()
    try:
        tree, named = _parse(expression)
        readers = [_cell(by_id[key] if kind == "id" else by_name[key]) for kind, key in named]
        formula = _compile(tree, lambda index, record: readers[index](record))
    except (SyntaxError, KeyError):
        return lambda _record: None

    def value_of(record: Record) -> Any:  # noqa: ANN401  number or text
        try:
            value = formula(record)
        except (ValueError, ArithmeticError, TypeError):
            return None
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
        return value

    return value_of
