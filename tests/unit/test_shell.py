"""What a shell command may touch, by its text alone."""

from __future__ import annotations

import pytest

from jupyter_repro.lineage.shell import Command, interpolated_names, read_command


def command(paths: str = "", patterns: str = "", variables: str = "", unknown: bool = False) -> Command:
    return Command(set(paths.split()), set(patterns.split()), {"PATH", *variables.split()}, unknown)


CASES = [
    ("", command()),
    ("cat a.txt b.txt", command("a.txt b.txt")),
    ("head -n 3 data/a.csv", command("-n 3 data/a.csv")),
    ("cat 'a b.txt'", Command({"a b.txt"}, set(), {"PATH"})),
    ("cat it's.txt", command("it's.txt")),  # no shell would run it
    ("cat < a.txt > b.txt", command("a.txt")),  # what it overwrites isn't read
    ("echo x >> log.txt", command("x log.txt")),  # what it appends to is
    ("echo x >log.txt", command("x")),
    ("cat a 2> errors.txt", command("a")),
    ("cat a &> all.txt", command("a")),
    ("cat a 2>&1 | grep b | wc -l", command("a b -l")),
    ("cat a2>b 2>&1 c", command("a2 c")),
    ("cp a b && mv b c; rm d || true", command("a b c d")),
    ("ls", command(patterns="*")),
    ("ls -l", command("-l", "*")),
    ("ls *.csv data?/", command(patterns="*.csv data?/")),
    ("cat [ab].txt", command(patterns="[ab].txt")),
    ("echo $HOME ${USER}x", command("$HOME ${USER}x", variables="HOME USER")),
    ("cat $HOME/a", command("$HOME/a", variables="HOME", unknown=True)),
    ("cat {folder}/a", command("{folder}/a", unknown=True)),
    ("LANG=C sort a", command("a")),
    ("X=$Y", command(variables="Y")),
    ("cat a # not b", command("a")),
    ("cat a\ncat b", command("a b")),
    ("cd data && cat a /b; cd raw; ls", command("data/a /b", "data/raw/*")),
    ("cd\ncat a", command("~/a")),
    ("cd $X; cat a", command("$X/a", variables="X", unknown=True)),
    ("python script.py", command(unknown=True)),
    ("bash script.sh", command(unknown=True)),
    ("cat a | python", command("a", unknown=True)),
    ("./run a", command(unknown=True)),
    ("curl -o a https://example.org", command(unknown=True)),
    ("for f in *; do cat $f; done", command(variables="f", unknown=True)),
    ("echo $(python b.py)", command("$(python b.py)", unknown=True)),
    ("echo `python b.py`", command("`python b.py`", unknown=True)),
    ("sort <(python b.py)", command("(python b.py)", unknown=True)),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_what_a_command_may_read(text: str, expected: Command) -> None:
    assert read_command(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ls", set()),
        ("cp $a {b}.txt", {"a", "b"}),
        ("cp {paths[0]} {f(x, y=z)}", {"paths", "f", "x", "z"}),
        ("echo {x:.2f} {y!r} {d['k']} {e[\"k\"]:>{width}}", {"x", "y", "d", "e", "width"}),
        ("awk {print $1}", {"1"}),
        ("echo {a b}", set()),
    ],
)
def test_names_that_ipython_substitutes(text: str, expected: set[str]) -> None:
    assert interpolated_names(text) == expected
