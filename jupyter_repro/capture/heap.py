"""A picture of what the user's names reach, kept up to date from border to border, without holding their objects.

Objects are told apart by address and type as long as they are reachable at consecutive borders; each gets a label
when it is first met. Only what an execution could reach is looked at again, so a border costs what the execution
touched.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_repro.capture.describe import describe, describe_columns
from jupyter_repro.capture.identity import identity, is_a, module_name
from jupyter_repro.capture.namespace import Namespace
from jupyter_repro.capture.node import Node
from jupyter_repro.capture.tokens import Token, is_atom, token

MAX_NODES = 50_000  # described at one border
_COMPACT_EVERY = 20_000  # nodes more than were alive the last time


@dataclass
class Difference:
    """What changed between two borders; labels, not addresses."""

    bound: set[str] = field(default_factory=set)
    rebound: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    born: set[int] = field(default_factory=set)
    parts: dict[int, set[str]] = field(default_factory=dict)
    cut: bool = False  # there was more to look at than MAX_NODES

    @property
    def names(self) -> set[str]:
        return self.bound | self.rebound | self.deleted


class Heap:
    def __init__(self, labels: int = 0) -> None:
        self.nodes: dict[int, Node] = {}  # by address
        self.tokens: dict[str, Token] = {}  # of the names' values
        self.addresses: dict[str, int] = {}  # of the names' values, hidden names included
        self.roots: dict[str, int] = {}  # the same, of values that have parts
        self.modules: dict[str, str] = {}  # of modules and of what modules define: the module's full name
        self.gains: dict[int, int] = {}  # edges and names that lead to objects that have no node yet
        self.borders = 0
        self.unsure = 0  # the last border at which something that has no node may have changed
        self.labels = labels  # that were given
        self._alive = 0

    def reach(self, addresses: Iterable[int]) -> tuple[set[int], bool]:
        """Addresses reachable from these, and whether all of them were described."""
        seen, stack, complete = set[int](), list(addresses), True
        while stack:
            address = stack.pop()
            if address in seen:
                continue
            node = self.nodes.get(address)
            if node is None:
                complete = False
                continue
            seen.add(address)
            for children in node.children.values():
                stack.extend(children)
        return seen, complete

    def root(self, name: str) -> list[int]:
        address = self.roots.get(name)
        return [] if address is None else [address]

    def update(
        self,
        namespace: Namespace,
        touched: set[int],
        read: Collection[str],
        stored: Collection[str] | None = None,
        columns: Mapping[int, Collection[str]] | None = None,
    ) -> Difference:
        """Look at the border after an execution that could touch these addresses through the names `read`.

        `stored` are the names that it may have bound or deleted, if that is known; `columns` frames of
        which only these can differ.
        """
        self.borders += 1
        border = _Border(self, touched, columns or {})
        changed = border.compare_names(namespace, stored)
        border.look(namespace.values({*changed, *read}))
        if lost := border.lost():
            border.look(namespace.values(border.names_that_lead_to(lost)))
        if border.difference.cut:
            border.drop_unseen()
        border.forget()
        if len(self.nodes) > self._alive + _COMPACT_EVERY:
            self._compact()
        return border.difference

    def take_deferred(self, namespace: Namespace) -> None:
        """Take the tokens that were put off. Nothing has run since they were."""
        deferred = {address for address, node in self.nodes.items() if node.deferred}
        if deferred:
            border = _Border(self, deferred, {}, deferring=False)
            border.look(namespace.values(border.names_that_lead_to(deferred)))
            border.forget()

    def new_label(self) -> int:
        self.labels += 1
        return self.labels

    def _compact(self) -> None:
        """Drop cycles that died."""
        alive, _ = self.reach(self.roots.values())
        for address in self.nodes.keys() - alive:
            del self.nodes[address]
        for node in self.nodes.values():
            node.owners = 0
        self.gains.clear()
        for address in self._edges():
            if owned := self.nodes.get(address):
                owned.owners += 1
            else:
                self.gains[address] = self.gains.get(address, 0) + 1
        self._alive = len(self.nodes)

    def _edges(self) -> Iterable[int]:
        yield from self.roots.values()
        for node in self.nodes.values():
            for children in node.children.values():
                yield from children


def module_of(value: Any) -> str | None:
    """The module that a value is, or comes from; None for plain values."""
    if type(value) is types.ModuleType:
        return value.__name__
    if value is None or is_a(value, (int, str, float)):
        return None
    name = getattr(value, "__module__", None) if is_a(value, (type, types.FunctionType)) else None
    return name if type(name) is str else module_name(type(value))


class _Border:
    """One update of the heap."""

    def __init__(
        self, heap: Heap, touched: set[int], columns: Mapping[int, Collection[str]], deferring: bool = True
    ) -> None:
        self.heap = heap
        self.columns = columns
        self.deferring = deferring
        self.nodes = heap.nodes
        self.touched = touched
        self.seen: set[int] = set()
        self.orphans: list[int] = []  # lost an owner
        self.difference = Difference()

    def compare_names(self, namespace: Namespace, stored: Collection[str] | None) -> list[str]:
        """An address can come back with another value, but only under a name that was bound anew."""
        heap, changed = self.heap, []
        addresses, tokens, roots = heap.addresses, heap.tokens, heap.roots
        for name, value in namespace.items(stored):
            if addresses.get(name) == identity(value) and (name in roots or name not in tokens):
                continue
            addresses[name] = identity(value)
            if namespace.shows(name, value) and self._compare_name(name, value):
                changed.append(name)
        for name in namespace.missing(self.heap.tokens if stored is None else tokens.keys() & stored):
            self.difference.deleted.add(name)
            self._unbind(name)
        self.forget(spared=self.touched)
        self._own(address for name in changed if (address := roots.get(name)) is not None)
        return changed

    def _compare_name(self, name: str, value: Any) -> bool:
        heap, difference = self.heap, self.difference
        if heap.roots.get(name) == identity(value):
            return False
        new = token(value)
        if name not in heap.tokens:
            difference.bound.add(name)
        elif heap.tokens[name] == new:  # an equal immutable value: a store that changed nothing
            return False
        else:
            difference.rebound.add(name)
        self._bind(name, value, new)
        return True

    def _bind(self, name: str, value: Any, new: Token) -> None:
        heap = self.heap
        self._unbind(name)
        heap.tokens[name], heap.addresses[name] = new, identity(value)
        if not is_atom(value):
            heap.roots[name] = identity(value)
        if module := module_of(value):
            heap.modules[name] = module

    def _unbind(self, name: str) -> None:
        heap = self.heap
        self._release(heap.root(name))
        for table in (heap.tokens, heap.addresses, heap.roots, heap.modules):
            table.pop(name, None)

    def look(self, roots: list[Any]) -> None:
        """Describe what is new or was touched, from these objects on."""
        stack, alive = roots, list[Any]()  # temporary objects must keep their addresses while we look
        while stack:
            value = stack.pop()
            address = identity(value)
            if address in self.seen or is_atom(value):
                continue
            old = self.nodes.get(address)
            out_of_reach = address not in self.touched and address not in self.columns
            if old is not None and out_of_reach and old.type_name == type(value).__qualname__:
                continue
            if len(self.seen) >= MAX_NODES:
                self.difference.cut = True
                return
            self.seen.add(address)
            alive.append(value)
            stack.extend(self._describe(address, value, old))

    def _describe(self, address: int, value: Any, old: Node | None) -> list[Any]:
        if old is not None and address in self.columns and address not in self.touched:
            node = describe_columns(value, old, self.columns[address], self.nodes)
        else:
            node = describe(value, self.deferring and old is None, self.nodes)
        children = [child for group in node.children.values() for child in group]
        node.children = {
            part: addresses
            for part, group in node.children.items()
            if (addresses := [identity(child) for child in group if not is_atom(child)])
        } | node.kept
        if old is not None and old.type_name == node.type_name:
            node.label, node.owners = old.label, old.owners
            changed = self._compare(old, node) and self.deferring
            node.version = self.heap.borders if changed or node.opaque else old.version
        else:
            node.label, node.version = self.heap.new_label(), self.heap.borders
            node.owners = old.owners if old is not None else self.heap.gains.pop(address, 0)
            self.difference.born.add(node.label)
        self.nodes[address] = node
        for addresses in node.children.values():
            self._own(addresses)
        if old is not None:
            for addresses in old.children.values():
                self._release(addresses)
        return children

    def _compare(self, old: Node, new: Node) -> bool:
        if old.parts == new.parts:
            return False
        missing = object()
        keys = old.parts.keys() | new.parts.keys()
        changed = {key for key in keys if old.parts.get(key, missing) != new.parts.get(key, missing)}
        self.difference.parts[new.label] = changed
        return True

    def _own(self, addresses: Iterable[int]) -> None:
        for address in addresses:
            node = self.nodes.get(address)
            if node is None:
                self.heap.gains[address] = self.heap.gains.get(address, 0) + 1
            else:
                node.owners += 1

    def _release(self, addresses: Iterable[int]) -> None:
        for address in addresses:
            node = self.nodes.get(address)
            if node is not None:
                node.owners -= 1
                self.orphans.append(address)
            else:
                self._release_unknown(address)

    def _release_unknown(self, address: int) -> None:
        """Of an object without a node one edge is gone: what comes to live there later doesn't own it."""
        gains = self.heap.gains
        if gains.get(address, 0) > 1:
            gains[address] -= 1
        else:
            gains.pop(address, None)

    def drop_unseen(self) -> None:
        """What was touched and not looked at again can be anything by now: without a node, whoever reaches it reads and
        writes `heap:*`.
        """
        for address in (self.touched | self.columns.keys()) - self.seen:
            if node := self.nodes.pop(address, None):
                self.heap.gains[address] = node.owners
                for children in node.children.values():
                    self._release(children)

    def lost(self) -> set[int]:
        """Touched objects that weren't met again, though something that wasn't touched still leads to them."""
        missing = {address for address in self.touched - self.seen if address in self.nodes}
        return {address for address in missing if self.nodes[address].owners > 0} if missing else missing

    def names_that_lead_to(self, lost: set[int]) -> list[str]:
        """Names that lead to lost objects; all on the way is looked at again."""
        owners: dict[int, list[int]] = {}
        for address, node in self.nodes.items():
            for children in node.children.values():
                for child in children:
                    owners.setdefault(child, []).append(address)
        way, stack = set[int](), list(lost)
        while stack:
            address = stack.pop()
            if address not in way:
                way.add(address)
                stack.extend(owners.get(address, ()))
        self.touched |= way
        self.seen -= way - lost
        return [name for name, address in self.heap.roots.items() if address in way]

    def forget(self, spared: Collection[int] = ()) -> None:
        """Drop nodes that nothing leads to any more, and what only they led to.

        Before what is new has been looked at, those that were touched are spared: they may have moved to another name.
        The others are dead as far as can be told, and new objects may live at their addresses.
        """
        stack, self.orphans = self.orphans, []
        while stack:
            address = stack.pop()
            node = self.nodes.get(address)
            if node is None or node.owners > 0:
                continue
            if address in spared:
                self.orphans.append(address)
                continue
            del self.nodes[address]
            for children in node.children.values():
                for child in children:
                    if owned := self.nodes.get(child):
                        owned.owners -= 1
                        stack.append(child)
                    else:
                        self._release_unknown(child)
