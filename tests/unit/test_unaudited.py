"""In a process of its own: an audit hook stays."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import copy, sys
from jupyter_repro.capture.audit import Audit

events = []
sys.addaudithook(lambda event, arguments: events.append(event))
Audit(lambda: None)

class Node:
    def __init__(self):
        self.me, self.rows = self, [[1], [2]]

shared = [1]
node = Node()
events.clear()
copied, twice = copy.deepcopy(node), copy.deepcopy([shared, shared])
heard = list(events)
assert copied is not node and copied.me is copied and copied.rows == [[1], [2]]
assert copied.rows[0] is not node.rows[0]
assert twice[0] is twice[1] is not shared
assert heard.count("builtins.id") == 0, heard
id(node)
assert events.count("builtins.id") == 1  # the user's own is Python's
assert copy.id(node) == id(node)
"""


def test_deepcopy_asks_for_ids_unheard() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
