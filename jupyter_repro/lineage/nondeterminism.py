"""What isn't deterministic in a text: the clock, identifiers made of it, addresses, listings, how texts are hashed.

Names are followed through imports and plain assignments, cell after cell: `from datetime import datetime as dt`,
`now = dt.now`. A listing or a set whose order is lost at once (`sorted(os.listdir())`, `len({...})`) is none.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

CLOCK, NATIVE_CLOCK, TIMER, HASH = "clock", "native clock", "timer", "hash"


def _rules(**kinds: str) -> dict[str, str]:
    return {path: kind.replace("_", " ") for kind, paths in kinds.items() for path in paths.split()}


READS = _rules(
    clock="time.time time.time_ns datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today "
    "datetime.date.today pandas.Timestamp.now pandas.Timestamp.today pandas.Timestamp.utcnow",
    native_clock="tensorflow.timestamp pendulum.now pendulum.today arrow.now arrow.utcnow",
    timer="time.perf_counter time.perf_counter_ns time.monotonic time.monotonic_ns time.process_time "
    "time.process_time_ns time.thread_time time.thread_time_ns timeit.default_timer timeit.timeit timeit.repeat",
    uuid1="uuid.uuid1 uuid.uuid6 uuid.uuid7 uuid.getnode",
    address="id",
    secrets="secrets.token_bytes secrets.token_hex secrets.token_urlsafe secrets.randbelow secrets.randbits "
    "secrets.choice secrets.SystemRandom random.SystemRandom",
    process="os.getpid os.getppid threading.get_ident threading.get_native_id",
    hash="hash",
    worker="concurrent.futures.as_completed asyncio.as_completed",
    listing="os.listdir os.scandir os.walk glob.glob glob.iglob",
)
# Read the clock only if they are called like this: with so many arguments at the most, or with one of these texts.
_AT_MOST = {"time.ctime": 0, "time.localtime": 0, "time.gmtime": 0, "time.asctime": 0, "time.strftime": 1}
_BY_TEXT = {"numpy.datetime64": NATIVE_CLOCK, "pandas.Timestamp": CLOCK, "pandas.to_datetime": CLOCK}
_NOW = ("now", "today")
_LISTING_METHODS = ("iterdir", "rglob")
_BUILTINS = ("id", "hash", "set", "frozenset", "sorted", "len", "list", "tuple", "enumerate", "iter", "next")
_ORDERLESS = frozenset("sorted len set frozenset any all min max Counter".split())
_KEEPING = ("list", "tuple")  # what is lost around them is lost
_ORDERED = frozenset("list tuple enumerate iter next join zip map array Series DataFrame Index fromkeys print".split())


class Source(NamedTuple):
    """One place in a text; `detail` is the call as it reads there."""

    kind: str
    detail: str


@dataclass
class Scope:
    """What names stand for, as far as the cells so far tell."""

    paths: dict[str, str] = field(default_factory=dict)  # name -> dotted path of what it is bound to
    sets: set[str] = field(default_factory=set)
    stopwatches: frozenset[str] = frozenset()  # names of times that are only subtracted from later ones
    ordered: frozenset[str] = frozenset()  # names of lists that are sorted in place

    def path(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Name):
            return self.paths.get(node.id) or (node.id if node.id in _BUILTINS else None)
        if isinstance(node, ast.Attribute) and (owner := self.path(node.value)) is not None:
            return f"{owner}.{node.attr}"
        return None

    def note(self, statement: ast.stmt) -> None:
        """What the statement binds names to."""
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                self._bind(alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else None)
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                self._bind(alias.asname or alias.name, f"{statement.module}.{alias.name}")
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assign(target, statement.value)
        else:
            for node in ast.walk(statement):
                if isinstance(node, (ast.Import, ast.ImportFrom)) and node is not statement:
                    self.note(node)

    def _bind(self, name: str, path: str | None) -> None:
        self.paths[name] = path or name
        self.sets.discard(name)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if not isinstance(target, ast.Name):
            return
        path = self.path(value) if isinstance(value, (ast.Name, ast.Attribute)) else None
        self.paths[target.id] = path or f"<{target.id}>"  # whatever it is, it isn't what it was imported as
        (self.sets.add if self.is_set(value) else self.sets.discard)(target.id)

    def is_set(self, node: ast.AST) -> bool:
        """Whether it is a set in which there may be texts."""
        if isinstance(node, ast.Set):
            return not all(isinstance(each, ast.Constant) and not isinstance(each.value, str) for each in node.elts)
        if isinstance(node, ast.Call):
            return self.path(node.func) in ("set", "frozenset") and bool(node.args)
        return isinstance(node, ast.SetComp) or (isinstance(node, ast.Name) and node.id in self.sets)


def sources(node: ast.AST, scope: Scope) -> Iterator[Source]:
    """All that the node's text may read, bodies of functions in it included."""
    if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
        return  # another name for a function
    sorted_later = isinstance(node, ast.Assign) and _names(node.targets) & scope.ordered
    found = _found(node, scope, set(), bool(sorted_later))
    if isinstance(node, ast.Assign) and _names(node.targets) & scope.stopwatches:
        found = (Source(TIMER if each.kind == CLOCK else each.kind, each.detail) for each in found)
    yield from dict.fromkeys(found)


def _found(node: ast.AST, scope: Scope, done: set[int], orderless: bool) -> Iterator[Source]:
    if id(node) in done:
        return
    done.add(id(node))
    own = _own(node, scope, done)
    if own is not None and not (orderless and own.kind in ("listing", HASH) and own.detail != "hash()"):
        yield own
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _is_stopwatch(node.right, scope):
        for each in _found(node.left, scope, done, False):
            yield Source(TIMER if each.kind == CLOCK else each.kind, each.detail)
    called = _called(node, scope)
    inside = called in _ORDERLESS or (orderless and called in ("", *_KEEPING))
    for child in ast.iter_child_nodes(node):
        yield from _found(child, scope, done, inside or isinstance(node, ast.SetComp))


def _own(node: ast.AST, scope: Scope, done: set[int]) -> Source | None:
    """What the node itself reads; a function that is called is done with it."""
    if isinstance(node, ast.Call):
        found = _call(node, scope)
        if found is not None:
            done.add(id(node.func))
        return found
    if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
        path = scope.path(node)
        if path in READS and path not in ("id", "hash"):
            return Source(READS[path], ast.unparse(node))
    iterated = node.iter if isinstance(node, (ast.For, ast.comprehension)) else None
    if iterated is not None and scope.is_set(iterated):
        return Source(HASH, f"the order of {_short(iterated)}")
    return None


def _call(node: ast.Call, scope: Scope) -> Source | None:
    path, text = scope.path(node.func) or "", f"{ast.unparse(node.func)}()"
    if path in READS:
        return Source(READS[path], text)
    if path in _AT_MOST and len(node.args) <= _AT_MOST[path]:
        return Source(CLOCK, text)
    if path in _BY_TEXT and node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in _NOW:
        return Source(_BY_TEXT[path], _short(node))
    name = _called(node, scope)
    if isinstance(node.func, ast.Attribute) and (name in _LISTING_METHODS or (name == "glob" and not path)):
        return Source("listing", text)
    if name == "imap_unordered" or any(_text(keyword.value) == "generator_unordered" for keyword in node.keywords):
        return Source("worker", text)
    return _ordering(node, name, scope)


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _ordering(node: ast.Call, name: str, scope: Scope) -> Source | None:
    """What takes the members of a set in the order that their hashes give."""
    taken = node.args if name in _ORDERED else []
    if name == "pop" and isinstance(node.func, ast.Attribute):
        taken = [node.func.value]
    found = next(filter(scope.is_set, taken), None)
    return Source(HASH, f"the order of {_short(found)}") if found is not None else None


def _called(node: ast.AST, scope: Scope) -> str:
    if not isinstance(node, ast.Call):
        return ""
    path = scope.path(node.func) or getattr(node.func, "attr", None) or ""
    return path.rpartition(".")[2]


def _is_stopwatch(node: ast.AST, scope: Scope) -> bool:
    return isinstance(node, ast.Name) and node.id in scope.stopwatches


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _names(targets: Iterable[ast.AST]) -> set[str]:
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def prepared(trees: Iterable[ast.Module]) -> Scope:
    """A fresh scope that knows which names are stopwatches in these texts, and which are sorted in place."""
    scope, times, loads, ordered = Scope(), set[str](), list[str](), set[str]()
    differences: list[tuple[ast.expr, ast.expr]] = []
    for tree in trees:
        for statement in tree.body:
            scope.note(statement)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and _is_time(node.value, scope):
                times |= _names(node.targets)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                loads.append(node.id)
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                differences.append((node.left, node.right))
            elif isinstance(node, ast.Attribute) and node.attr == "sort" and isinstance(node.value, ast.Name):
                ordered.add(node.value.id)
    durations = [pair for pair in differences if all(_is_time(each, scope) or _names((each,)) & times for each in pair)]
    subtracted = [each.id for pair in durations for each in pair if isinstance(each, ast.Name)]
    stopwatches = {name for name in times if loads.count(name) == subtracted.count(name) > 0}
    return Scope(stopwatches=frozenset(stopwatches), ordered=frozenset(ordered))


def _is_time(node: ast.AST, scope: Scope) -> bool:
    source = _call(node, scope) if isinstance(node, ast.Call) else None
    return source is not None and source.kind in (CLOCK, TIMER)
