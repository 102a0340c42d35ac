"""Attribute values: from what a text or a caller says to the type that an op declares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Literal, get_args, get_origin

import numpy as np

from tilevm.diagnostics import nearest
from tilevm.dtypes import DType, dtype
from tilevm.ir.index import Const, Expr, Sym


@dataclass(frozen=True)
class Symbol:
    """A bare name used as an attribute value, such as ``zero`` in ``{oob = zero}``."""

    name: str


def coerce(hint: Any, value: Any) -> Any:
    """An attribute value as the field's type; ValueError says what is expected."""
    origin = get_origin(hint)
    if isinstance(value, np.generic):
        value = value.item()  # a number of NumPy's, from a caller in Python
    if value is None and type(None) in get_args(hint):
        return None
    if origin is not None and type(None) in get_args(hint):
        given = [a for a in get_args(hint) if a is not type(None)]
        return coerce(reduce(or_, given), value)
    if isinstance(value, Const) and hint is not Expr:
        value = value.value
    if origin is Literal:
        allowed = get_args(hint)
        text = value.name if isinstance(value, Symbol) else value
        if text not in allowed:
            near = nearest(str(text), [str(a) for a in allowed])
            ask = f"; did you mean `{near}`?" if near else ""
            raise ValueError(f"must be one of {', '.join(map(str, allowed))}, not `{text}`{ask}")
        return text
    if hint is DType:
        if isinstance(value, Symbol):
            value = value.name
        if not isinstance(value, str | DType):
            raise ValueError(f"must be an element type such as i32, not `{value}`")
        return dtype(value)
    if hint is Expr:
        if isinstance(value, Symbol):
            return Sym(value.name)
        if isinstance(value, bool) or not isinstance(value, int | Expr):
            raise ValueError(f"must be an index expression, not `{value}`")
        return Const(value) if isinstance(value, int) else value
    if hint is bool:
        if isinstance(value, Symbol) and value.name in ("true", "false"):
            return value.name == "true"
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not `{_shown(value)}`")
        return value
    if hint is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"must be an integer, not `{_shown(value)}`")
        return value
    if hint == int | float:
        if isinstance(value, Symbol) and value.name in ("inf", "-inf", "nan"):
            return float(value.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"must be a number, not `{_shown(value)}`")
        return value
    if hint is str:
        if not isinstance(value, str):
            raise ValueError(f"must be a text in quotes, not `{_shown(value)}`")
        return value
    if origin is tuple:
        if isinstance(value, int | Expr) and not isinstance(value, bool):
            value = (value,)
        if not isinstance(value, tuple | list):
            raise ValueError(f"must be a list such as [0, 1], not `{_shown(value)}`")
        (inner, _) = get_args(hint)
        return tuple(coerce(inner, v) for v in value)
    raise AssertionError(f"attribute type {hint} is not known")


def _shown(value: Any) -> Any:
    return value.name if isinstance(value, Symbol) else value
