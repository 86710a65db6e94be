"""What a cell may read: from its text, on through the heap as it was at the border before the cell."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from jupyter_repro.capture.code import CodeNames
from jupyter_repro.capture.heap import Heap
from jupyter_repro.capture.node import INDEX, Node
from jupyter_repro.lineage.names import Names, Use

EXISTS = "@"  # the part of an object that its creation writes
MODULE = "module "  # prefix of the names that local modules have in the heap
FIGURES = "current figure"
_OUTPUT = re.compile(r"_\d+")
_INPUT = re.compile(r"_i\d+")
_INPUTS = frozenset(("In", "_ih", "_i", "_ii", "_iii"))
_OUTPUTS = frozenset(("Out", "_oh"))
_PURE_MODULES = frozenset(("pandas", "numpy"))
_DYNAMIC = frozenset(("eval", "exec", "globals"))  # builtins that reach any name
_BUILTINS = frozenset(vars(builtins))


@dataclass
class Reach:
    names: set[str] = field(default_factory=set)
    objects: set[int] = field(default_factory=set)  # labels, read whole
    parts: dict[int, set[str]] = field(default_factory=dict)  # label -> parts
    places: set[str] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)  # addresses of what may have changed
    columns: dict[int, set[str]] = field(default_factory=dict)  # of frames that are only changed by column
    code: dict[int, CodeNames] = field(default_factory=dict)  # label -> names in a function that may be called
    modules: set[str] = field(default_factory=set)  # libraries that may be called, full and top-level names
    words: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    runs_user_code: bool = False
    complete: bool = True

    def merge(self, other: Reach) -> None:
        """What may be reached in another way as well."""
        self.names |= other.names
        self.objects |= other.objects
        self.places |= other.places
        self.touched |= other.touched
        self.modules |= other.modules
        self.words |= other.words
        self.strings |= other.strings
        self.code |= other.code
        for label, parts in other.parts.items():
            self.parts.setdefault(label, set()).update(parts)
        self.complete &= other.complete


def reach_of(names: Names, heap: Heap, magic_code: Callable[[str], CodeNames | None] | None = None) -> Reach:
    """`magic_code` gives what a magic that was defined in the notebook calls; None for any other magic."""
    return _Closure(heap, names).follow(magic_code or (lambda magic: None))


class _Closure:
    def __init__(self, heap: Heap, names: Names) -> None:
        self.heap = heap
        self.names = names
        self.reach = Reach(words=set(names.words), strings=set(names.strings), runs_user_code=names.dynamic)
        self.reach.modules |= {part for name in names.imports for part in (name, name.partition(".")[0])}
        self.bound: set[str] = set()  # by the cell's own statements so far
        self.done: set[tuple[str, bool]] = set()

    def follow(self, magic_code: Callable[[str], CodeNames | None]) -> Reach:
        dynamic = self.names.dynamic
        for step in self.names.steps:
            self._read_all((name, self._only_parts(name)) for name in step.loads - self.bound)
            self.bound |= step.stores
        for magic in self.names.magics:
            code = magic_code(magic)
            dynamic |= code is None
            if code is not None:
                self._run(code)
        if dynamic:
            self.bound.clear()
            self._read_all((name, False) for name in list(self.heap.tokens) if " " not in name)
        self._read_all(self._local(self.names.imports))
        return self.reach

    def _local(self, modules: Iterable[str]) -> list[tuple[str, bool]]:
        return [(MODULE + name, False) for name in modules if MODULE + name in self.heap.tokens]

    def _only_parts(self, name: str) -> bool:
        return name in self.names.parts and name not in self.names.whole

    def _read_all(self, wanted: Iterable[tuple[str, bool]]) -> None:
        stack = list(wanted)
        while stack:
            name, partly = stack.pop()
            if (name, partly) in self.done or name in self.bound:
                continue
            self.done.add((name, partly))
            self.reach.names.add(name)
            stack += self._history(name, partly)
            if name in self.heap.tokens:
                stack += self._read(name, partly)

    def _history(self, name: str, partly: bool) -> list[tuple[str, bool]]:
        """`Out[3]` is also `_3`; `In[3]` and `_i3` are texts."""
        keys = [use.key for use in self.names.parts.get(name, ())] if partly else []
        if name in _OUTPUTS:
            outputs = [f"_{key}" for key in keys] or [each for each in self.heap.tokens if _OUTPUT.fullmatch(each)]
            return [(each, False) for each in outputs]
        if name in _INPUTS or _INPUT.fullmatch(name):
            numbers = (
                [int(name[2:])]
                if _INPUT.fullmatch(name)
                else [key for key in keys if isinstance(key, int) and key >= 0]
            )
            self.reach.places |= {f"in:{number}" for number in numbers} or {"in:*"}
        return []

    def _read(self, name: str, partly: bool) -> list[tuple[str, bool]]:
        heap = self.heap
        if module := heap.modules.get(name):
            self.reach.modules |= {module, module.partition(".")[0]}
        roots = heap.root(name)
        node = heap.nodes.get(roots[0]) if roots else None
        parts = _parts(node, self.names.parts[name], heap) if node is not None and partly else None
        pure = node is not None and self._is_pure(name, node)
        if node is not None and pure:
            self._touch_columns(name, roots[0])
        if node is not None and parts is not None:
            self.reach.parts.setdefault(node.label, set()).update(parts, (EXISTS,))
            self.reach.touched |= set() if pure else set(roots)
            stored = {repr(use.key) for use in self.names.parts[name] if use.stores}
            replaced = [child for part in stored for child in node.children.get(part, ())]
            self.reach.touched |= self.heap.reach(replaced)[0]  # what is put there may come to live at their addresses
            roots = [child for part in parts for child in node.children.get(part, ())]
        return self._touch(roots, pure)

    def _is_pure(self, name: str, node: Node) -> bool:
        """Whether the text can't change the frame or array behind a name, but for columns that it sets."""
        names = self.names
        if name not in names.pure or node.module not in _PURE_MODULES or names.dynamic:
            return False
        if node.keyed != "column" and any(use.stores for use in names.parts.get(name, ())):
            return False
        callbacks = [address for each in names.callbacks for address in self.heap.root(each)]
        return all(self.heap.nodes[each].module in _PURE_MODULES for each in callbacks if each in self.heap.nodes)

    def _touch_columns(self, name: str, address: int) -> None:
        """What owns the memory of a column is touched as well: `frame.loc[rows, "column"] = value` writes there."""
        stored = {repr(use.key) for use in self.names.parts.get(name, ()) if use.stores}
        if stored and address not in self.reach.touched:
            self.reach.columns.setdefault(address, set()).update(stored)
            children = self.heap.nodes[address].children
            self.reach.touched |= self.heap.reach(child for part in stored for child in children.get(part, ()))[0]

    def _touch(self, roots: list[int], pure: bool = False) -> list[tuple[str, bool]]:
        addresses, complete = self.heap.reach(roots)
        self.reach.complete &= complete
        more: list[tuple[str, bool]] = []
        for address in addresses:
            node = self.heap.nodes[address]
            if not pure:
                self.reach.touched.add(address)
            if node.label in self.reach.objects:
                continue
            self.reach.objects.add(node.label)
            self.reach.modules.add(node.module)
            if node.code is not None:
                self.reach.code[node.label] = node.code
                more += self._run(node.code)
        return more

    def _run(self, code: CodeNames) -> list[tuple[str, bool]]:
        reach = self.reach
        reach.runs_user_code = True
        reach.words |= code.words
        reach.strings |= code.strings
        reach.modules |= {part for name in code.imports for part in (name, name.partition(".")[0])}
        if code.globals & _DYNAMIC:
            return [(name, False) for name in self.heap.tokens if " " not in name]
        known = [name for name in code.globals if name in self.heap.tokens or name not in _BUILTINS]
        return [(name, False) for name in known] + self._local(code.imports)


def _parts(node: Node, uses: set[Use], heap: Heap) -> set[str] | None:
    """The parts that these uses read; None where a use may read more."""
    found: set[str] = set()
    for use in uses:
        parts = _part(node, use, heap)
        if parts is None:
            return None
        found |= parts
    return found


def _part(node: Node, use: Use, heap: Heap) -> set[str] | None:
    part = repr(use.key)
    read = {part} if use.loads else set()
    if use.kind == "item" and node.keyed == "item":
        return read
    if use.kind == "item" and node.keyed == "column" and isinstance(use.key, (str, int)):
        return read | {INDEX}
    if use.kind == "attribute" and node.keyed in ("attribute", "module") and part in node.parts:
        children = [heap.nodes[child] for child in node.children.get(part, ()) if child in heap.nodes]
        if node.keyed == "module" and any(child.type_name == "function" for child in children):
            return None  # calling it reads what it names in its module
        return read
    return None
