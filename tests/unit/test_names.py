"""What one cell may touch, by its text alone. Cells are transformed by IPython first, as in a kernel."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from jupyter_repro.lineage.names import Names, Use, read_cell


def names_of(cell: str) -> Names:
    return read_cell(TransformerManager().transform_cell(cell))


LOADS = [
    # statements one after the other
    ("", ""),
    ("x", "x"),
    ("x = 1", ""),
    ("x = y\nz = x", "y"),
    ("z = x\nx = 1", "x"),
    ("x += 1", "x"),
    ("x = 1\nx += 1", ""),
    ("del x", "x"),
    ("x[0] = y", "x y"),
    ("x.a = y", "x y"),
    ("x[i] += 1", "x i"),
    ("a, (b, *c) = d", "d"),
    ("a = b = c", "c"),
    ("x: int = y", "int y"),
    ("x: int\ny = x", "int x"),  # an annotation binds nothing
    ("f'{x:{width}}'", "x width"),
    ("import numpy as np, os.path\nnp.zeros(n); os", "n"),
    ("from a import b\nb", ""),
    ("from a import *\nb", "b"),
    # branches that may not be taken bind nothing
    ("if c:\n    x = 1\nx", "c x"),
    ("if c:\n    x = 1\nelse:\n    x = 2\nx", "c"),
    ("for i in xs:\n    y = i\ny", "xs y"),
    ("for i in xs:\n    print(i)\nelse:\n    z", "xs print z"),
    ("while c:\n    x = 1\nx", "c x"),
    ("with open(p) as f:\n    f.read()", "open p"),
    ("with a.b as c.d:\n    x = 1\nx", "a c x"),
    ("try:\n    x = f()\nexcept E as e:\n    print(e)\nx", "f E e print x"),
    ("a = c and (b := 1)\nb", "c b"),
    ("x = 1 if c else y", "c y"),
    ("match v:\n    case [a, b]:\n        a", "v a"),
    # scopes
    ("[e for e in xs if e > n]", "xs n"),
    ("f = lambda a, b=d: a + b + c", "d c"),
    ("def f(a, b=d) -> T:\n    return a + c", "d T"),  # its body runs when it is called
    ("def f():\n    return c\nf()", "c"),
    ("def f(n):\n    return f(n - 1)", ""),  # it names itself
    ("def f():\n    return c\n@f\ndef g():\n    return d", "c d"),
    ("@decorate\ndef f():\n    return c", "decorate c"),
    ("def f():\n    def g():\n        return c\n    return g", ""),
    ("def f():\n    global x\n    x = 1\nif c:\n    f()\nx", "c x"),
    ("class A(B):\n    n = m\n    def f(self):\n        return c", "B m"),
    ("class A:\n    def f(self):\n        return c\nA().f()", "c"),
    ("class A:\n    def f():\n        return c\n    n = f()", "c"),
    ("class A(metaclass=M):\n    pass", "M"),
    ("async def f():\n    return c", ""),
    ("async def f():\n    return c\nawait f()", "c"),
    ("r = [await f(e) async for e in xs]", "f xs"),
    # names that only a text names
    ("globals()['x']", "globals x"),
    ("x = 1\nglobals()['x']", "globals"),
    ("y = globals()['x']\nx = 1", "globals x"),
    ("globals()['x'] = y", "globals y"),
    ("globals().update(x=y)", "globals y"),
    ("exec('x = y')", "exec y"),
    ("exec('x = y')\ndef y(): pass", "exec y"),
    ("if c:\n    exec('x = 1')\nx", "c exec x"),
    ("exec('exec(\"x\")')", "exec x"),
    ("get_ipython().ev('x')", "get_ipython x"),
    ("eval('x + y')", "eval x y"),
    ("df.query('a > @limit')", "df limit"),
    ("df.eval(f'a + @limit * {k}')", "df limit k"),
    ("pd.eval('a + b')", "pd a b"),
    ("duckdb.sql('select n from df')", "duckdb select n from df"),
    ("ols('y ~ np.log(x)', data)", "ols data y np log x"),
    ("setattr(x, 'a', y)", "setattr x y"),
    # magics and the shell
    ("%time y = x", "get_ipython x"),
    ("%timeit -n 3 -r 2 f(x)", "get_ipython f x"),
    ("%%timeit -n 3 a = b\nf(a)", "get_ipython b f"),
    ("%%time\ny = x\ny", "get_ipython x"),
    ("%%capture out\nprint(x)", "get_ipython print x"),
    ("!cp $source {target:0>4}/a", "get_ipython source target"),
    ("files = !ls {folder}", "get_ipython folder"),
    ("%cd {folder}", "get_ipython folder"),
    ("%matplotlib inline", "get_ipython"),
    ("%store x", "get_ipython x"),
    ("x?", "get_ipython"),
    ("def broken(:", ""),
]


@pytest.mark.parametrize(("cell", "expected"), LOADS, ids=[cell for cell, _ in LOADS])
def test_names_that_are_read_before_the_cell_binds_them(cell: str, expected: str) -> None:
    assert names_of(cell).loads == set(expected.split())


FLAGS = [
    ("x = 1", {}),
    ("f()", {"calls": True}),
    ("exec(text)", {"dynamic": True, "calls": True}),
    ("eval(f'{x}')", {"dynamic": True}),
    ("exec('exec(text)')", {"dynamic": True}),
    ("dir()", {"dynamic": True}),
    ("vars(x)", {"dynamic": False}),
    ("globals()", {"dynamic": True}),
    ("globals()[name]", {"dynamic": True}),
    ("df.query(text)", {"dynamic": True}),
    ("import __main__", {"dynamic": True}),
    ("from __main__ import x", {"dynamic": True}),
    ("sys.modules['__main__'].x", {"dynamic": True}),
    ("if __name__ == '__main__': main()", {"dynamic": False}),
    ("inspect.currentframe().f_globals", {"dynamic": True}),
    ("gc.get_objects()", {"dynamic": True}),
    ("get_ipython().user_ns['x']", {"dynamic": True}),
    ("get_ipython().ex(text)", {"dynamic": True}),
    ("get_ipython().run_cell('y = x')", {"dynamic": False, "stored": {"y"}}),
    ("session.query(User).all()", {"dynamic": False}),
    ("cursor.execute(text)", {"dynamic": False}),
    ("%run -i script.py", {"dynamic": True}),
    ("%run script.py", {"dynamic": False}),
    ("%mymagic x", {"dynamic": False, "magics": {"mymagic"}}),
    ("%%mymagic\nx", {"magics": {"mymagic"}}),
    ("await f()", {"waits": True}),
    ("async with c:\n    pass", {"waits": True}),
    ("async def f():\n    await g()", {"waits": False}),
    ("random.getstate()", {"reads_random": True}),
    ("os.environ", {"whole_environment": True}),
    ("dict(os.environ)", {"whole_environment": True}),
    ("os.environ['HOME']", {"whole_environment": False, "strings": {"HOME"}}),
    ("os.environ.get('HOME')", {"whole_environment": False}),
    ("import a.b as c\nfrom d.e import f", {"imports": {"a.b", "d.e", "d"}}),
    ("plt.rcParams = 1", {"patched": {("plt", "rcParams")}}),
    ("pd.DataFrame.plot = f\ndel json.dumps", {"patched": {("pd.DataFrame", "plot"), ("json", "dumps")}}),
    ("setattr(json, 'dumps', f)", {"patched": {("json", "dumps")}}),
    ("setattr(json, name, f)", {"patched": {("json", "")}}),
    ("!ls *.csv", {"commands": ["ls *.csv"]}),
    ("%%bash\ncat a.txt", {"commands": ["cat a.txt\n"]}),
    ("subprocess.run('wc a.txt', shell=True)", {"commands": ["wc a.txt"]}),
    ("subprocess.run(['wc', 'a.txt'])", {"commands": ["wc a.txt"]}),
    ("os.system(command)", {"commands": ["command-of-unknown-text"]}),
    ("model.run('x')", {"commands": []}),
    ("def f(): pass\nclass A: pass\nimport a.b, c as d\nfor i, (j, *k) in x: pass", {"stored": set("fAadijk")}),
    ("with a as b, c as (d, e): f = g = 1", {"stored": set("bdefg")}),
    ("try:\n    pass\nexcept E as e:\n    (w := 1)", {"stored": {"e", "w"}}),
    ("exec('y = 1')", {"stored": {"y"}}),
]


@pytest.mark.parametrize(("cell", "expected"), FLAGS, ids=[cell for cell, _ in FLAGS])
def test_what_else_its_text_tells(cell: str, expected: dict[str, Any]) -> None:
    names = names_of(cell)
    assert {field: getattr(names, field) for field in expected} == expected


ITEM_A = Use("item", "a", loads=True, stores=False)
PARTS = [
    ("x['a']", False, {ITEM_A}),
    ("x['a'] = 1", False, {Use("item", "a", loads=False, stores=True)}),
    ("x['a'] += 1", False, {Use("item", "a", loads=True, stores=True)}),
    ("del x['a']", False, {Use("item", "a", loads=True, stores=True)}),
    ("x['a'].append(1)", False, {ITEM_A}),
    ("x.a", False, {Use("attribute", "a", loads=True, stores=False)}),
    ("x.a = 1", False, {Use("attribute", "a", loads=False, stores=True)}),
    ("x[k]", True, set()),
    ("x['a']; f(x)", True, {ITEM_A}),
    ("x['a':]", True, set()),
]


@pytest.mark.parametrize(("cell", "whole", "parts"), PARTS, ids=[cell for cell, *_ in PARTS])
def test_keys_and_attributes_of_a_name(cell: str, whole: bool, parts: set[Use]) -> None:
    names = names_of(cell)
    assert (names.parts.get("x", set()), "x" in names.whole) == (parts, whole)


PURE = [
    ("df.mean()", True),
    ("y = df['a'].sum() + 1", True),
    ("df['b'] = 1", True),  # that column and no other
    ("df['b'] += 1", True),
    ("print(df, len(df))", True),
    ("df.plot(ax=ax)", True),
    ("df[mask] = 1", False),
    ("del df['b']", False),
    ("df.columns = c", False),
    ("df.sort_values('a', inplace=True)", False),
    ("df.agg(lambda column: column.update(1))", False),
    ("np.add(df, 1, out=df)", False),
    ("df.values[0] = 1", False),
    ("df.loc[0, 'a'] = 1", True),
    ("df.loc[df['b'] > 1, 'a'] *= 2", True),
    ("df.loc[0] = 1", False),
    ("df.loc[0, key] = 1", False),
    ("del df.loc[0, 'a']", False),
    ("df['a'].str.upper() + df['b'].str.zfill(7)", True),
    ("df['a'].str.replace('b', lambda match: df.pop('a'))", False),
    ("df['a'] = df['a'].fillna(df['a'].median())", True),
    ("best = df.groupby('a').sum()\nbest['b'] = 1", True),
    ("best = df.groupby('a').sum()\nmost = best.nlargest(3)\nmost['b'] = 1", True),
    ("best = df.head()\nbest['b'] = 1", False),
    ("best = df.sort_values('a')\nbest = df['a']\nbest[0] = 1", False),
    ("best = other.merge(df)\nbest['b'] = 1", True),
    ("other = make(1)\nbest = other.merge(df)\nbest['b'] = 1", False),
    ("df = df.dropna()\ndf['b'] = 1", True),
    ("f = print\ndf.agg(f)", False),
    ("f(df)", False),
    ("view = df['a']\nview[0] = 1", False),
    ("set_item = df.__setitem__\nset_item('a', 1)", False),
    ("rows = [df]\nrows[0]['a'] = 1", False),
    ("for column in df:\n    pass", False),
    ("exec('df.pop(1)')", False),
    ("df += 1", False),
    ("if c:\n    view = df['a']\nview[0] = 1", False),
    ("n += 1\ndf.mean()", True),
    ("df.append(1)", False),
]


@pytest.mark.parametrize(("cell", "expected"), PURE, ids=[cell for cell, _ in PURE])
def test_uses_that_leave_a_frame_alone(cell: str, expected: bool) -> None:
    assert ("df" in names_of(cell).pure) is expected


def test_a_cell_that_ipython_can_not_read_touches_nothing() -> None:
    assert read_cell("x = \0") == Names()
    assert read_cell("return x").loads == {"x"}
