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
    to_html to_json to_latex to_list to_markdown to_parquet to_period to_pickle to_string to_timestamp tolist
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
        return None if isinstance(parent.ctx, ast.Load) and _is_pure_call(parent.attr, above, callbacks) else False
    if isinstance(parent, ast.Subscript):
        if node is parent.slice:
            return True
        return (
            None if isinstance(parent.ctx, ast.Load) else isinstance(node, ast.Name) and _is_keyed_store(parent, above)
        )
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


def _is_keyed_store(target: ast.Subscript, above: ast.AST | None) -> bool:
    """`frame["column"] = value` writes that column and no other."""
    return isinstance(target.slice, ast.Constant) and isinstance(above, (ast.Assign, ast.AnnAssign, ast.AugAssign))


def _is_pure_call(method: str, call: ast.AST | None, callbacks: set[str]) -> bool:
    if method not in _METHODS or not isinstance(call, ast.Call):
        return False
    if any(keyword.arg is None or keyword.arg in _IN_PLACE for keyword in call.keywords):
        return False
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(isinstance(each, ast.Lambda) for argument in arguments for each in ast.walk(argument)):
        return False
    if method in _CALLBACKS:
        callbacks |= {each.id for argument in arguments for each in ast.walk(argument) if isinstance(each, ast.Name)}
    return True


def _takes(call: ast.Call, callbacks: set[str]) -> bool:
    """Whether a call leaves its arguments alone, if what it calls isn't the user's own."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    root: ast.AST = call.func
    while isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
        root = root.func if isinstance(root, ast.Call) else root.value
    if name not in _TAKERS or not isinstance(root, ast.Name):
        return False
    callbacks.add(root.id)
    return not any(keyword.arg is None or keyword.arg in _IN_PLACE for keyword in call.keywords)
