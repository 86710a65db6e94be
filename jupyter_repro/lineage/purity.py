"""Uses of a name that can't change the frame or array behind it: looking at a million rows again after each is a waste.

It says so of positions in the text only; whether the name stands for a pandas or numpy object, and whether the names
that are passed along are functions, is for the caller to check.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

# Methods of pandas and numpy objects that leave their object alone, unless `inplace` or `out` says otherwise.
_METHODS = frozenset(
    """
    abs add agg aggregate all any argmax argmin argsort asfreq assign astype at_time between bfill clip
    combine_first copy corr count cov cummax cummin cumprod cumsum describe diff div divide dot drop
    drop_duplicates dropna dt duplicated eq equals ewm expanding explode ffill fillna filter first floordiv ge get
    groupby gt head hist idxmax idxmin info interpolate isin isna isnull items join keys kurt last le lt mask max
    mean median melt memory_usage merge min mod mode mul multiply ne nlargest notna notnull nsmallest nunique
    pct_change pivot pivot_table plot pow prod quantile query rank reindex rename rename_axis replace resample
    reset_index rolling round sample select_dtypes sem set_axis set_index shift size skew sort_index sort_values
    squeeze stack std str sub subtract sum swaplevel tail take to_csv to_dict to_excel to_feather to_frame to_hdf
    to_html to_json to_latex to_list to_markdown to_numpy to_parquet to_period to_pickle to_string to_timestamp tolist
    transpose truncate tz_convert tz_localize unique unstack value_counts var where xs
    """.split()
)
# Methods that take a function: it gets to see the object.
_CALLBACKS = frozenset("agg aggregate assign filter rename transform where mask groupby pivot_table".split())
# Functions and methods that leave their arguments alone and give something new.
_TAKERS = frozenset(
    """
    abs average bool concat corr corrcoef count_nonzero crosstab cut display equals float format get_dummies int
    isfinite isin isinstance isna isnull isnan join len log log1p max mean median melt merge merge_asof min
    nanmean notna notnull percentile pivot_table print qcut quantile repr round sqrt std str sum to_datetime
    to_numeric type unique var where exp
    """.split()
)
# Those of `series.str`, `series.dt` and `series.cat` all do.
_ACCESSORS = frozenset(("str", "dt", "cat"))
# Methods whose result shares no memory with their object.
_COPYING = frozenset(
    """
    agg aggregate assign bfill corr count cov describe drop_duplicates dropna ffill fillna groupby interpolate isna
    isnull join max mean median melt merge min nlargest notna notnull nsmallest pivot_table prod quantile query
    reset_index round size sort_index sort_values stack std sum unstack value_counts var
    """.split()
)
_LOCATORS = frozenset(("loc", "at"))
_IN_PLACE = frozenset(("inplace", "out", "copy"))
_ENDS = (ast.Expr, ast.Assign, ast.AnnAssign, ast.Module, ast.FormattedValue)
_HOLDERS = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.BoolOp, ast.IfExp, ast.Starred)


def is_pure_use(name: ast.Name, parents: Sequence[ast.AST], callbacks: set[str]) -> bool:
    """`parents` from the module down to the name's own; names of what may be functions are added to `callbacks`."""
    node: ast.AST = name
    for level in range(len(parents) - 1, -1, -1):
        parent = parents[level]
        verdict = _step(node, parent, parents[level - 1] if level else None, callbacks)
        if verdict is not None:
            return verdict
        node = parent
    return False


def _step(  # noqa: PLR0911 - a table of kinds of parents
    node: ast.AST, parent: ast.AST, above: ast.AST | None, callbacks: set[str]
) -> bool | None:
    """True or False where that settles it, None where what the parent gives has to be followed."""
    if isinstance(parent, ast.Attribute):
        if isinstance(parent.ctx, ast.Load) and not (isinstance(above, ast.Call) and above.func is parent):
            return None
        return None if isinstance(parent.ctx, ast.Load) and _is_pure_call(parent, above, callbacks) else False
    if isinstance(parent, ast.Subscript):
        if node is parent.slice:
            return True
        return None if isinstance(parent.ctx, ast.Load) else _is_keyed_store(node, parent, above)
    if isinstance(parent, ast.Call):
        if parent.func is node:  # a name that is called may be a method of a frame, bound
            return False if isinstance(node, ast.Name) else None
        return _takes(parent, callbacks)
    if isinstance(parent, ast.keyword):
        return isinstance(above, ast.Call) and _takes(above, callbacks)
    if isinstance(parent, (ast.BinOp, ast.UnaryOp, ast.Compare)):
        return True
    if isinstance(parent, _HOLDERS):
        return None
    return isinstance(parent, _ENDS)


def located_column(node: ast.AST | None, above: ast.AST | None) -> str | None:
    """The column of `frame.loc[rows, "column"] = value`, of which `node` is `frame.loc`, `above` what it is part of."""
    if not (isinstance(node, ast.Attribute) and node.attr in _LOCATORS and isinstance(node.value, ast.Name)):
        return None
    if not isinstance(above, ast.Subscript) or above.value is not node or not isinstance(above.ctx, ast.Store):
        return None
    keys = above.slice.elts if isinstance(above.slice, ast.Tuple) else []
    last = keys[1] if len(keys) == 2 else None
    return last.value if isinstance(last, ast.Constant) and isinstance(last.value, str) else None


def _is_keyed_store(node: ast.AST, target: ast.Subscript, above: ast.AST | None) -> bool:
    """`frame["column"] = value`, `frame.loc[rows, "column"] = value` write that column and no other."""
    if not isinstance(above, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return False
    if isinstance(node, ast.Name):
        return isinstance(target.slice, ast.Constant)
    return located_column(node, target) is not None


def copied_from(value: ast.AST) -> str | None:
    """The name that an expression starts from, where its last call gives something that shares no memory with it."""
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _COPYING):
        return None
    if any(keyword.arg is None or keyword.arg in _IN_PLACE for keyword in value.keywords):
        return None
    root = _root(value)
    return root.id if isinstance(root, ast.Name) else None


def _root(node: ast.AST) -> ast.AST:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def _is_pure_call(method: ast.Attribute, call: ast.AST | None, callbacks: set[str]) -> bool:
    by_accessor = isinstance(method.value, ast.Attribute) and method.value.attr in _ACCESSORS
    if not (by_accessor or method.attr in _METHODS) or not isinstance(call, ast.Call):
        return False
    if any(keyword.arg is None or keyword.arg in _IN_PLACE for keyword in call.keywords):
        return False
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(isinstance(each, ast.Lambda) for argument in arguments for each in ast.walk(argument)):
        return False
    if by_accessor or method.attr in _CALLBACKS:
        callbacks |= {each.id for argument in arguments for each in ast.walk(argument) if isinstance(each, ast.Name)}
    return True


def _takes(call: ast.Call, callbacks: set[str]) -> bool:
    """Whether a call leaves its arguments alone, if what it calls isn't the user's own."""
    method = isinstance(call.func, ast.Attribute)
    name = getattr(call.func, "attr" if method else "id", "")
    root = _root(call.func)
    if not (name in _TAKERS or (method and name in _METHODS)) or not isinstance(root, ast.Name):
        return False
    callbacks.add(root.id)
    return not any(keyword.arg is None or keyword.arg in _IN_PLACE for keyword in call.keywords)
