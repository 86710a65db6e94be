"""Calls that touch more than their arguments say: exec, globals(), setattr, magics, shell commands."""

from __future__ import annotations

import ast
import re

from jupyter_repro.lineage.names import Names, analyse, called_name, literal_arguments
from jupyter_repro.lineage.shell import interpolated_names

_MAX_DEPTH = 4  # of exec inside exec
_CODE_MAGICS = frozenset(("time", "timeit", "prun", "capture", "memit", "mprun"))  # their argument is Python
_SHELL_MAGICS = frozenset("! bash cat cp ls mkdir mv perl rm rmdir ruby script sh sx system".split())
# Magics that read no Python name but those that they interpolate.
_QUIET_MAGICS = frozenset(
    """
    HTML SVG alias automagic autoreload cd colors conda config dhist doctest_mode env file html javascript js
    latex load_ext logstop markdown matplotlib pdb pinfo pip popd precision psource pushd pwd pylab reload_ext
    repro reset reset_selective run set_env svg unalias unload_ext writefile xdel xmode
    """.split()
)
_NAMING_MAGICS = frozenset(("macro", "store", "who", "whos"))  # their arguments are names
_NAMESPACES = frozenset(("globals", "locals", "vars", "dir"))
_SUBPROCESS = frozenset("getoutput system getstatusoutput check_output Popen call check_call run".split())
# Methods that look names up which only a text names: pandas by `@name`, the others by any word of the text.
_EVALUATORS = frozenset("eval evaluate execute query sql".split())
_BY_SIGN = re.compile(r"@([^\W\d]\w*)")
_BY_WORD = re.compile(r"[^\W\d]\w*")
_RUNNING = frozenset(("ev", "ex", "run_cell"))  # methods of IPython's shell
_MAGIC_CALLS = frozenset(("run_line_magic", "run_cell_magic", "magic"))


def note_call(call: ast.Call, parent: ast.AST | None, names: Names, depth: int) -> None:
    name = called_name(call)
    if name in _MAGIC_CALLS and call.args:
        _note_magic(call, name, names, depth)
    elif name in _SUBPROCESS and (name != "run" or _receiver(call) == "subprocess"):
        _note_subprocess(call, names)
    elif name in ("setattr", "delattr") and len(call.args) > 1:
        attribute = list(literal_arguments(call))[1]
        names.patched.add((ast.unparse(call.args[0]), attribute if isinstance(attribute, str) else ""))
    elif name in _RUNNING and isinstance(call.func, ast.Attribute) and _is_shell(call.func.value):
        _note_code(call, names, depth)
    elif isinstance(call.func, ast.Name):
        _note_builtin(call, name, parent, names, depth)
    elif name in _EVALUATORS and call.args:
        _note_evaluator(call, name, names)
    _note_formulas(call, names)


def _note_evaluator(call: ast.Call, name: str, names: Names) -> None:
    by_sign = name in ("eval", "query") and _receiver(call) not in ("pd", "pandas")
    text = call.args[0]
    for word in (_BY_SIGN if by_sign else _BY_WORD).findall(_literal_text(text)):
        names.use(word)
    if (
        name not in ("execute", "evaluate")
        and not isinstance(text, (ast.Constant, ast.JoinedStr))
        and not ast.unparse(text)[0].isupper()
    ):
        names.dynamic = True  # the text is elsewhere; SQLAlchemy's `query(User)` takes classes


def _note_formulas(call: ast.Call, names: Names) -> None:
    """`ols("y ~ np.log(x)", data)` finds functions and variables where it is called."""
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "~" in argument.value:
            for word in _BY_WORD.findall(argument.value):
                names.use(word)


def _literal_text(node: ast.expr) -> str:
    constants = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
    return " ".join(each for each in constants if isinstance(each, str))


def _receiver(call: ast.Call) -> str:
    value = call.func.value if isinstance(call.func, ast.Attribute) else None
    return value.id if isinstance(value, ast.Name) else ""


def _note_code(call: ast.Call, names: Names, depth: int) -> None:
    text = next(literal_arguments(call), None)
    if isinstance(text, str) and depth < _MAX_DEPTH:
        names.merge(analyse(text.strip(), depth + 1))
    else:
        names.dynamic = True


def _is_shell(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called_name(node) == "get_ipython"


def _note_builtin(call: ast.Call, name: str, parent: ast.AST | None, names: Names, depth: int) -> None:
    if name in ("exec", "eval"):
        _note_code(call, names, depth)
    elif name in _NAMESPACES and not call.args:
        _note_namespace(parent, names)


def _note_namespace(parent: ast.AST | None, names: Names) -> None:
    """`globals()['x']` reads one name, `globals().update(...)` none, a bare `globals()` may read all."""
    if isinstance(parent, ast.Subscript) and isinstance(parent.slice, ast.Constant):
        if not isinstance(parent.ctx, ast.Store):
            names.use(str(parent.slice.value))
    elif not (isinstance(parent, ast.Attribute) and parent.attr in ("update", "__setitem__")):
        names.dynamic = True


def _note_magic(call: ast.Call, how: str, names: Names, depth: int) -> None:
    texts = [str(text or "") for text in literal_arguments(call)]
    magic, line, body = texts[0], texts[1] if len(texts) > 1 else "", texts[-1] if how == "run_cell_magic" else ""
    names.words.add(magic)
    if magic in _CODE_MAGICS:
        code = body if how == "run_cell_magic" else _without_options(line)
        names.merge(analyse(f"{_without_options(line)}\n{body}" if magic == "timeit" and body else code, depth + 1))
    elif magic in _SHELL_MAGICS:
        note_shell(body or (line if magic in ("sx", "system", "!") else f"{magic} {line}"), names)
    elif magic in _NAMING_MAGICS:
        for name in line.split():
            names.use(name)
    elif magic == "run":
        names.dynamic |= "-i" in line.split()
    elif magic not in _QUIET_MAGICS:
        names.magics.add(magic)
    if magic in ("env", "set_env", "cd", "run"):
        _note_interpolation(line, names)
        names.strings.update(re.split(r"[=\s]", line))


def _without_options(line: str) -> str:
    return re.sub(r"^(\s*-[a-zA-Z]\S*(\s+\d+)?)+", "", line).strip()


def _note_subprocess(call: ast.Call, names: Names) -> None:
    command = call.args[0] if call.args else None
    if isinstance(command, ast.Constant):
        note_shell(str(command.value), names)
    elif isinstance(command, (ast.List, ast.Tuple)) and all(isinstance(word, ast.Constant) for word in command.elts):
        note_shell(" ".join(str(word.value) for word in command.elts if isinstance(word, ast.Constant)), names)
    else:
        note_shell("command-of-unknown-text", names)


def note_shell(text: str, names: Names) -> None:
    names.commands.append(text)
    _note_interpolation(text, names)


def _note_interpolation(text: str, names: Names) -> None:
    for name in sorted(interpolated_names(text)):
        names.use(name)
