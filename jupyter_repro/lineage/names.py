"""What one cell may touch, by its text alone: names, keys and attributes of names, words, shell commands.

The text is IPython's transformed one: magics and shell escapes are calls of `get_ipython()` in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from jupyter_repro.lineage.flow import Flow, Step
from jupyter_repro.lineage.purity import copied_from, is_pure_use, located_column

TEXT_LENGTH = 200  # characters of a string constant that are kept
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Functions that set a global random generator.
SEEDING = frozenset("seed set_state setstate manual_seed set_seed set_random_seed set_rng_state".split())
# Attributes that lead to all names or all objects.
_NAMESPACES = frozenset("f_back f_globals f_locals get_objects get_referrers user_global_ns user_ns".split())
_PLAIN_CALLS = frozenset(
    "print len range int float complex str bytes bool repr abs round divmod pow ord chr type isinstance".split()
)
_PRINTING = frozenset(("sep", "end", "flush"))
_READS_STATE = frozenset(("getstate", "get_state", "initial_seed", "get_rng_state"))


class Use(NamedTuple):
    """One key or attribute of a name, and whether its value is used (or only replaced)."""

    kind: str  # "item" or "attribute"
    key: object
    loads: bool
    stores: bool


@dataclass
class Names:
    """The static facts of one cell."""

    steps: list[Step] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)  # names that its text may bind
    whole: set[str] = field(default_factory=set)  # names used as they are, not only by a part
    parts: dict[str, set[Use]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    patched: set[tuple[str, str]] = field(default_factory=set)  # (X, attribute) of `X.attribute = ...`, setattr, del
    commands: list[str] = field(default_factory=list)  # shell texts
    magics: set[str] = field(default_factory=set)  # magics of which nothing is known
    pure: set[str] = field(default_factory=set)  # names whose every use leaves a frame or array alone
    callbacks: set[str] = field(default_factory=set)  # names passed to those uses: pure only if none is a function
    attributes: dict[str, set[str]] = field(default_factory=dict)  # name -> attributes used on it
    impure: set[str] = field(default_factory=set)
    calls: bool = False
    acts: bool = False  # calls more than builtins that only look at their arguments
    dynamic: bool = False  # may read any name
    whole_environment: bool = False
    reads_random: bool = False  # looks at a generator's state
    waits: bool = False  # has a top-level await

    def merge(self, other: Names) -> None:
        self.steps.append(Step(frozenset(other.loads), frozenset()))  # the branch with it may not be taken
        self.commands += other.commands
        self.patched |= other.patched
        self.impure |= other.impure | other.loads
        self.pure -= self.impure
        for mine, theirs in (
            (self.stored, other.stored),
            (self.whole, other.whole),
            (self.words, other.words),
            (self.strings, other.strings),
            (self.imports, other.imports),
            (self.magics, other.magics),
        ):
            mine.update(theirs)
        for name, uses in other.parts.items():
            self.parts.setdefault(name, set()).update(uses)
        for name, attributes in other.attributes.items():
            self.attributes.setdefault(name, set()).update(attributes)
        for flag in ("calls", "acts", "dynamic", "whole_environment", "reads_random", "waits"):
            setattr(self, flag, getattr(self, flag) or getattr(other, flag))

    @property
    def loads(self) -> set[str]:
        """Names that it may read before it binds them itself."""
        found: set[str] = set()
        bound: set[str] = set()
        for step in self.steps:
            found |= step.loads - bound
            bound |= step.stores
        return found

    def use(self, name: str) -> None:
        """Note that `name` is read, in a way that no statement of the text shows."""
        self.whole.add(name)
        self.steps.append(Step(frozenset((name,)), frozenset()))


@lru_cache(maxsize=512)
def read_cell(source: str) -> Names:
    """The facts of a transformed cell; callers must not change them. A text that doesn't parse touches nothing."""
    return analyse(source, depth=0)


def analyse(source: str, depth: int) -> Names:
    """As `read_cell`, `depth` levels inside of literal exec() or code magics."""
    names = Names()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return names
    flow, visitor = Flow(tree), _Visitor(names, depth)
    visitor.parents.append(tree)
    for statement in tree.body:
        visitor.visit(statement)  # first: what no name in the text shows is read before the statement binds anything
        names.steps.append(flow.step(statement))
    copies = visitor.copies()
    if not names.callbacks & (visitor.bound - copies):  # what those are isn't known before the cell has run
        names.pure = _pure_names(names, names.stored - (visitor.updated - visitor.bound) - copies)
    else:
        names.pure = set()
    return names


def _pure_names(names: Names, own: set[str]) -> set[str]:
    """None where the cell changes one of its `own` names, which may stand for another name's object or a view of it."""
    changed = names.impure | {name for name, uses in names.parts.items() if any(use.stores for use in uses)}
    return set() if own & changed else names.pure - names.impure


def _is_plain(call: ast.Call) -> bool:
    """Whether it calls a builtin, if the name is still that builtin's, that does nothing to the process."""
    keywords = {keyword.arg for keyword in call.keywords}
    return isinstance(call.func, ast.Name) and call.func.id in _PLAIN_CALLS and keywords <= _PRINTING


def called_name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


class _Visitor(ast.NodeVisitor):
    """Collects everything but the steps; knows each node's parents."""

    def __init__(self, names: Names, depth: int) -> None:
        self.names = names
        self.depth = depth
        self.parents: list[ast.AST] = []
        self.bound: set[str] = set()  # by `name = ...`
        self.updated: set[str] = set()  # by `name += ...`
        self.sources: dict[str, str] = {}  # name -> the name from which it was copied, at each place that binds it

    def copies(self) -> set[str]:
        """Names that share no memory with any other, if what they were copied from is a frame or array."""
        found: set[str] = set()
        for name, source in self.sources.items():  # in the order of the text
            if source and (source == name or source in found or source not in self.names.stored):
                found.add(name)
                self.names.callbacks.add(source)
        return found

    def generic_visit(self, node: ast.AST) -> None:
        self.parents.append(node)
        super().generic_visit(node)
        self.parents.pop()

    def parent(self, level: int = 1) -> ast.AST | None:
        return self.parents[-level] if len(self.parents) >= level else None

    def visit_Name(self, node: ast.Name) -> None:
        names, parent = self.names, self.parent()
        names.words.add(node.id)
        if isinstance(node.ctx, ast.Store):
            names.stored.add(node.id)
            (self.updated if isinstance(parent, ast.AugAssign) else self.bound).add(node.id)
            self._note_source(node.id, parent)
        binds = isinstance(node.ctx, ast.Store) and not isinstance(parent, ast.AugAssign)
        pure = binds or is_pure_use(node, self.parents, names.callbacks)
        (names.pure if pure else names.impure).add(node.id)
        if isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.slice, ast.Constant):
            names.parts.setdefault(node.id, set()).add(self._use("item", parent.slice.value, parent))
        elif (column := located_column(parent, self.parent(2))) is not None:
            names.parts.setdefault(node.id, set()).add(Use("item", column, loads=True, stores=True))
        elif isinstance(parent, ast.Attribute):
            names.parts.setdefault(node.id, set()).add(self._use("attribute", parent.attr, parent))
            names.attributes.setdefault(node.id, set()).add(parent.attr)
        elif isinstance(node.ctx, ast.Load) or isinstance(parent, ast.AugAssign):
            names.whole.add(node.id)

    def _note_source(self, name: str, parent: ast.AST | None) -> None:
        source = copied_from(parent.value) if isinstance(parent, ast.Assign) else None
        known = self.sources.get(name, source)
        self.sources[name] = source if source is not None and source == known else ""

    def _use(self, kind: str, key: object, node: ast.Subscript | ast.Attribute) -> Use:
        loads = not isinstance(node.ctx, ast.Store) or isinstance(self.parent(2), ast.AugAssign)
        return Use(kind, key, loads, not isinstance(node.ctx, ast.Load))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        names, parent = self.names, self.parent()
        names.words.add(node.attr)
        if not isinstance(node.ctx, ast.Load):
            names.patched.add((ast.unparse(node.value), node.attr))
        if node.attr == "environ":
            keyed = isinstance(parent, ast.Subscript) and isinstance(parent.slice, ast.Constant)
            by_method = isinstance(parent, ast.Attribute) and parent.attr in ("get", "pop", "setdefault", "update")
            names.whole_environment |= not (keyed or by_method)
        names.reads_random |= node.attr in _READS_STATE
        names.dynamic |= node.attr in _NAMESPACES
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.names.strings.add(node.value[:TEXT_LENGTH])
            self.names.dynamic |= node.value == "__main__" and not isinstance(self.parent(), ast.Compare)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.names.words.update(alias.name.split("."))
            self.names.imports.add(alias.name)
            self.names.dynamic |= alias.name == "__main__"
            self.names.stored.add(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self.names.dynamic |= module == "__main__"
        self.names.words.update(module.split("."), *(alias.name.split(".") for alias in node.names))
        self.names.imports.update((module, module.split(".")[0]))
        self.names.stored.update(alias.asname or alias.name for alias in node.names)

    def _visit_named(self, node: ast.AST) -> None:
        if name := getattr(node, "name", None) or getattr(node, "rest", None):
            self.names.words.add(name)
            self.names.stored.add(name)
        self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_ExceptHandler = _visit_named
    visit_MatchAs = visit_MatchStar = visit_MatchMapping = _visit_named

    def visit_Await(self, node: ast.Await) -> None:
        self.names.waits |= not any(isinstance(each, (*_FUNCTIONS, ast.Lambda)) for each in self.parents)
        self.generic_visit(node)

    visit_AsyncFor = visit_AsyncWith = visit_Await  # type: ignore[assignment]  # the same question of other nodes

    def visit_Call(self, node: ast.Call) -> None:
        from jupyter_repro.lineage.calls import note_call  # it analyses literal code, so it needs this module

        self.names.calls = True
        self.names.acts |= not _is_plain(node)
        note_call(node, self.parent(), self.names, self.depth)
        self.generic_visit(node)


def literal_arguments(call: ast.Call) -> Iterator[object]:
    """The positional arguments, None where one isn't a literal."""
    return (argument.value if isinstance(argument, ast.Constant) else None for argument in call.args)
