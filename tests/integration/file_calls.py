"""Calls that read and write files, as users make them, and what each one must leave in the record."""

from __future__ import annotations

from dataclasses import dataclass, field

Modes = dict[str, str]  # path in the project -> read, write, read+write, delete, list


@dataclass(frozen=True)
class Call:
    source: str
    files: Modes
    by: str = "kernel"
    may: Modes = field(default_factory=dict)  # what depends on versions of libraries


@dataclass(frozen=True)
class Group:
    """Calls of one kernel. `prepare` are cells that make what the calls read."""

    prepare: tuple[str, ...]
    calls: dict[str, Call]
    needs: tuple[str, ...] = ()  # modules that aren't in the test extra


def reads(source: str, *paths: str, **more: object) -> Call:
    return Call(source, dict.fromkeys(paths, "read"), **more)  # type: ignore[arg-type]


def writes(source: str, *paths: str, **more: object) -> Call:
    return Call(source, dict.fromkeys(paths, "write"), **more)  # type: ignore[arg-type]


STANDARD = Group(
    prepare=(
        """
import bz2, configparser, csv, ctypes, glob, gzip, json, lzma, mmap, os, pathlib, pickle, platform, shutil, sqlite3
import tarfile, tempfile, threading, zipfile
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree
""",
        """
for name in "open path os mmap ctypes syscall copied thread pool async exec".split():
    pathlib.Path(f"{name}.txt").write_text("one\\ntwo\\n")
pathlib.Path("a.csv").write_text("a,b\\n1,2\\n")
pathlib.Path("a.json").write_text("[1]")
pathlib.Path("a.ini").write_text("[a]\\nb = 1\\n")
pathlib.Path("a.xml").write_text("<a/>")
pathlib.Path("a.pickle").write_bytes(pickle.dumps([1]))
for module, name in ((gzip, "a.gz"), (bz2, "a.bz2"), (lzma, "a.xz")):
    with module.open(name, "wb") as file: file.write(b"x")
with zipfile.ZipFile("a.zip", "w") as archive: archive.writestr("m", "x")
with tarfile.open("a.tar", "w") as archive: archive.add("a.csv")
for name in ("a.db", "attached.db", "changed.db"):
    base = sqlite3.connect(name); base.execute("create table t (a)"); base.execute("insert into t values (1)")
    base.commit(); base.close()
os.makedirs("many/deeper")
for n in range(3): pathlib.Path(f"many/{n}.txt").write_text(str(n))
pathlib.Path("many/deeper/x.txt").write_text("x")
for name in ("renamed", "replaced", "removed", "truncated", "appended", "updated", "linked"):
    pathlib.Path(f"{name}.old").write_text("old")
pathlib.Path("helper.py").write_text("VALUE = 1\\n")
libc = ctypes.CDLL(None)
openat = {"x86_64": 257, "aarch64": 56}.get(platform.machine())
""",
    ),
    calls={
        "open": reads("open('open.txt').read()", "open.txt"),
        "Path": reads("pathlib.Path('path.txt').read_bytes()", "path.txt"),
        "os.open": reads("fd = os.open('os.txt', os.O_RDONLY); os.read(fd, 9); os.close(fd)", "os.txt"),
        "mmap": reads(
            "fd = os.open('mmap.txt', os.O_RDONLY)\n"
            "with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as m: m[:3]\n"
            "os.close(fd)",
            "mmap.txt",
        ),
        "ctypes": reads("fd = libc.open(b'ctypes.txt', 0); libc.close(fd)", "ctypes.txt"),
        "system call": reads(
            "os.close(libc.syscall(openat, -100, b'syscall.txt', 0) if openat else libc.open(b'syscall.txt', 0))",
            "syscall.txt",
        ),
        "gzip": reads("gzip.open('a.gz').read()", "a.gz"),
        "bz2": reads("bz2.open('a.bz2').read()", "a.bz2"),
        "lzma": reads("lzma.open('a.xz').read()", "a.xz"),
        "zipfile": reads("zipfile.ZipFile('a.zip').read('m')", "a.zip"),
        "tarfile": reads("tarfile.open('a.tar').getnames()", "a.tar"),
        "pickle": reads("pickle.load(open('a.pickle', 'rb'))", "a.pickle"),
        "json": reads("json.load(open('a.json'))", "a.json"),
        "csv": reads("list(csv.reader(open('a.csv', newline='')))", "a.csv"),
        "configparser": reads("configparser.ConfigParser().read('a.ini')", "a.ini"),
        "ElementTree": reads("ElementTree.parse('a.xml')", "a.xml"),
        "sqlite": reads("c = sqlite3.connect('a.db'); c.execute('select * from t').fetchall(); c.close()", "a.db"),
        "sqlite attach": reads(
            "c = sqlite3.connect(':memory:'); c.execute(\"attach 'attached.db' as x\")\n"
            "c.execute('select * from x.t').fetchall(); c.close()",
            "attached.db",
        ),
        "sqlite insert": Call(
            "c = sqlite3.connect('changed.db'); c.execute('insert into t values (2)'); c.commit(); c.close()",
            {"changed.db": "read+write"},
        ),
        "sqlite create": Call(
            "c = sqlite3.connect('new.db'); c.execute('create table t (a)'); c.commit(); c.close()",
            {"new.db": "write"},
        ),
        "thread": reads(
            "t = threading.Thread(target=lambda: libc.close(libc.open(b'thread.txt', 0))); t.start(); t.join()",
            "thread.txt",
        ),
        "thread pool": reads(
            "with ThreadPoolExecutor(2) as pool: list(pool.map(lambda p: open(p).read(), ['pool.txt', 'many/0.txt']))",
            "pool.txt",
            "many/0.txt",
        ),
        "await": reads("import asyncio\nawait asyncio.to_thread(pathlib.Path('async.txt').read_text)", "async.txt"),
        "exec": reads("exec(compile('open(\"exec.txt\").read()', 'x', 'exec'))", "exec.txt"),
        "import": reads("import helper", "helper.py"),
        "listdir": Call("sorted(os.listdir('many'))", {"many": "list"}),
        "scandir": Call("[e.name for e in os.scandir('many')]", {"many": "list"}),
        "Path.glob": Call("list(pathlib.Path('many').glob('*.txt'))", {"many": "list"}),
        "walk": Call("list(os.walk('many'))", {"many": "list", "many/deeper": "list"}),
        "glob, then read": Call(
            "[open(p).read() for p in sorted(glob.glob('many/*.txt'))]",
            {"many": "list", **dict.fromkeys(("many/0.txt", "many/1.txt", "many/2.txt"), "read")},
        ),
        "write": writes("open('new.txt', 'w').write('x')", "new.txt"),
        "write below new folders": writes(
            "os.makedirs('new/er'); pathlib.Path('new/er/x.txt').write_text('x')", "new/er/x.txt"
        ),
        "append": Call("open('appended.old', 'a').write('x')", {"appended.old": "read+write"}),
        "update": Call(
            "with open('updated.old', 'r+b') as file: file.seek(1); file.write(b'x')", {"updated.old": "read+write"}
        ),
        "truncate": writes("os.truncate('truncated.old', 1)", "truncated.old"),
        "temporary file, then replace": writes(
            "with open('t.tmp', 'w') as file: file.write('x')\nos.replace('t.tmp', 'replaced.old')", "replaced.old"
        ),
        "rename": Call("os.rename('renamed.old', 'renamed.new')", {"renamed.old": "delete", "renamed.new": "write"}),
        "remove": Call("os.remove('removed.old')", {"removed.old": "delete"}),
        "link": writes("os.link('linked.old', 'linked.new')", "linked.new"),
        "copy": Call("shutil.copy('copied.txt', 'copy.txt')", {"copied.txt": "read", "copy.txt": "write"}),
        "pickle dump": writes("with open('new.pickle', 'wb') as file: pickle.dump([1], file)", "new.pickle"),
        "zip": writes("with zipfile.ZipFile('new.zip', 'w') as z: z.writestr('m', 'x')", "new.zip"),
        "gzip write": writes("with gzip.open('new.gz', 'wb') as file: file.write(b'x')", "new.gz"),
        "ctypes write": writes(
            "fd = libc.open(b'c.txt', os.O_WRONLY | os.O_CREAT, 0o644); libc.write(fd, b'x', 1); libc.close(fd)",
            "c.txt",
        ),
        "nothing": Call("tempfile.TemporaryFile().write(b'x'); os.path.exists('a.csv')", {}),
    },
)

CHILDREN = Group(
    prepare=(
        """
import ctypes, joblib, multiprocessing, os, pathlib, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
""",
        """
for name in "cat bash run system popen spawn python fork pool spawned loky executor c sorted".split():
    pathlib.Path(f"{name}.txt").write_text("two\\none\\n")
for name in ("moved", "removed", "overwritten"): pathlib.Path(f"{name}.old").write_text("old")
os.mkdir("many"); pathlib.Path("many/x.txt").write_text("x")
pathlib.Path("work.py").write_text('''
import pathlib
def read(path): return pathlib.Path(path).read_text()
def copy(path, to): pathlib.Path(to).write_text(read(path))
''')
import work
""",
    ),
    calls={
        "!cat": reads("!cat cat.txt", "cat.txt", by="child"),
        "%%bash": Call("%%bash\ncat bash.txt > bash.new", {"bash.txt": "read", "bash.new": "write"}, by="child"),
        "subprocess": reads("subprocess.run(['cat', 'run.txt'], check=True)", "run.txt", by="child"),
        "os.system": reads("os.system('cat system.txt')", "system.txt", by="child"),
        "os.popen": reads("os.popen('cat popen.txt').read()", "popen.txt", by="child"),
        "posix_spawn": reads(
            "os.waitpid(os.posix_spawn('/bin/cat', ['cat', 'spawn.txt'], os.environ), 0)", "spawn.txt", by="child"
        ),
        "python": Call(
            'text = \'import work; work.copy("python.txt", "python.new")\'\n'
            "subprocess.run([sys.executable, '-c', text], check=True)",
            {"python.txt": "read", "python.new": "write"},
            by="child",
        ),
        "os.fork": reads(
            "pid = os.fork()\nif not pid:\n    work.read('fork.txt')\n    os._exit(0)\nos.waitpid(pid, 0)",
            "fork.txt",
            by="child",
        ),
        "fork pool": reads(
            "with multiprocessing.get_context('fork').Pool(2) as pool: pool.map(work.read, ['pool.txt'])",
            "pool.txt",
            by="child",
        ),
        "spawn": Call(
            "p = multiprocessing.get_context('spawn').Process(target=work.copy, args=('spawned.txt', 'spawned.new'))\n"
            "p.start(); p.join(); assert p.exitcode == 0",
            {"spawned.txt": "read", "spawned.new": "write"},
            by="child",
        ),
        "loky": reads(
            "joblib.Parallel(n_jobs=2)(joblib.delayed(work.read)(path) for path in ['loky.txt', 'many/x.txt'])",
            "loky.txt",
            "many/x.txt",
            by="child",
        ),
        "executor": reads(
            "with ProcessPoolExecutor(2, multiprocessing.get_context('fork')) as pool:\n"
            "    list(pool.map(work.read, ['executor.txt']))",
            "executor.txt",
            by="child",
        ),
        "C's system": Call(
            "ctypes.CDLL(None).system(b'cp c.txt c.new')", {"c.txt": "read", "c.new": "write"}, by="child"
        ),
        "!ls": Call("!ls many", {"many": "list"}, by="child"),
        "!mv": Call("!mv moved.old moved.new", {"moved.old": "delete", "moved.new": "write"}, by="child"),
        "!rm": Call("!rm removed.old", {"removed.old": "delete"}, by="child"),
        "redirection": writes("!echo new > overwritten.old", "overwritten.old", by="child"),
        "pipe": Call("!sort < sorted.txt | tee sorted.new", {"sorted.txt": "read", "sorted.new": "write"}, by="child"),
        "new folder": writes("!mkdir made && echo x > made/x.txt", "made/x.txt", by="child"),
    },
)

ARRAYS = Group(
    prepare=(
        """
import cv2, fsspec, h5py, joblib, matplotlib.image, matplotlib.pyplot as plt, numpy as np, os, soundfile
from lxml import etree
from PIL import Image
""",
        """
array = np.arange(12.0).reshape(3, 4)
np.save("a.npy", array); np.save("mapped.npy", array); np.savez("a.npz", a=array); np.savetxt("a.txt", array)
array.tofile("a.bin"); array.tofile("mapped.bin"); array.tofile("changed.bin")
joblib.dump([array], "a.joblib"); joblib.dump(array, "mapped.joblib")
for name in ("a.h5", "changed.h5"):
    with h5py.File(name, "w") as file: file["a"] = array
pixels = np.zeros((8, 8, 3), "uint8")
for name in ("pil.png", "cv.png", "plt.png"): Image.fromarray(pixels).save(name)
soundfile.write("a.wav", np.zeros(100), 8000)
open("a.xml", "w").write("<a/>"); open("a.csv", "w").write("a,b\\n1,2\\n"); open("fs.txt", "w").write("x")
""",
    ),
    calls={
        "load": reads("np.load('a.npy')", "a.npy"),
        "load mapped": reads("m = np.load('mapped.npy', mmap_mode='r'); m.sum()", "mapped.npy"),
        "npz": reads("np.load('a.npz')['a']", "a.npz"),
        "fromfile": reads("np.fromfile('a.bin')", "a.bin"),
        "memmap": reads("np.memmap('mapped.bin', mode='r').sum()", "mapped.bin"),
        "memmap changed": Call(
            "m = np.memmap('changed.bin', mode='r+'); m[0] = 7; m.flush(); del m", {"changed.bin": "read+write"}
        ),
        "loadtxt": reads("np.loadtxt('a.txt')", "a.txt"),
        "genfromtxt": reads("np.genfromtxt('a.csv', delimiter=',')", "a.csv"),
        "save": writes("np.save('new.npy', array)", "new.npy"),
        "savez": writes("np.savez('new.npz', a=array)", "new.npz"),
        "savetxt": writes("np.savetxt('new.txt', array)", "new.txt"),
        "tofile": writes("array.tofile('new.bin')", "new.bin"),
        "joblib": reads("joblib.load('a.joblib')", "a.joblib"),
        "joblib mapped": reads("joblib.load('mapped.joblib', mmap_mode='r')", "mapped.joblib"),
        "joblib dump": writes("joblib.dump([array], 'new.joblib'); None", "new.joblib"),
        "h5py": reads("with h5py.File('a.h5') as file: file['a'][:]", "a.h5"),
        "h5py write": writes("with h5py.File('new.h5', 'w') as file: file['a'] = array", "new.h5"),
        "h5py change": writes("with h5py.File('changed.h5', 'r+') as file: file['a'][0] = 7", "changed.h5"),
        "PIL": reads("Image.open('pil.png').load()", "pil.png"),
        "PIL save": writes("Image.fromarray(pixels).save('pil.jpg')", "pil.jpg"),
        "OpenCV": reads("cv2.imread('cv.png').shape", "cv.png"),
        "OpenCV write": writes("cv2.imwrite('cv.jpg', pixels)", "cv.jpg"),
        "matplotlib": reads("matplotlib.image.imread('plt.png').shape", "plt.png"),
        "soundfile": reads("soundfile.read('a.wav')[1]", "a.wav"),
        "soundfile write": writes("soundfile.write('new.wav', np.zeros(9), 8000)", "new.wav"),
        "lxml": reads("etree.parse('a.xml'); None", "a.xml"),
        "lxml write": writes("etree.ElementTree(etree.Element('a')).write('new.xml')", "new.xml"),
        "fsspec": reads("with fsspec.open('file://' + os.path.abspath('fs.txt')) as file: file.read()", "fs.txt"),
    },
)

FRAMES = Group(
    prepare=(
        """
import duckdb, openpyxl, os, pandas as pd, polars as pl, sqlite3
import pyarrow as pa, pyarrow.csv, pyarrow.dataset, pyarrow.parquet
""",
        """
frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
frame.to_csv("a.csv", index=False); frame.to_csv("polars.csv", index=False); frame.to_csv("arrow.csv", index=False)
frame.to_csv("duck.csv", index=False); frame.to_csv("mapped.csv", index=False); frame.to_csv("scanned.csv", index=False)
for name in ("a", "arrow", "polars", "scanned", "duck", "old"): frame.to_parquet(f"{name}.parquet")
frame.to_excel("a.xlsx", index=False); frame.to_feather("a.feather"); frame.to_feather("polars.feather")
frame.to_json("a.json"); frame.to_pickle("a.pickle"); frame.to_xml("a.xml", index=False); frame.to_html("a.html")
with sqlite3.connect("a.db") as base: frame.to_sql("t", base, index=False)
base.close()
os.makedirs("set/deeper")
for n in range(2): frame.to_parquet(f"set/{n}.parquet")
frame.to_parquet("set/deeper/2.parquet")
with duckdb.connect("a.duckdb") as duck: duck.execute("create table t as select 1 as a")
os.makedirs("out")
""",
    ),
    calls={
        "read_csv": reads("pd.read_csv('a.csv')", "a.csv"),
        "read_csv mapped": reads("pd.read_csv('mapped.csv', memory_map=True)", "mapped.csv"),
        "read_parquet": reads("pd.read_parquet('a.parquet')", "a.parquet"),
        "read_parquet folder": Call(
            "pd.read_parquet('set')",
            {"set/0.parquet": "read", "set/1.parquet": "read", "set/deeper/2.parquet": "read"},
            may={"set": "list", "set/deeper": "list"},
        ),
        "read_excel": reads("pd.read_excel('a.xlsx')", "a.xlsx"),
        "read_feather": reads("pd.read_feather('a.feather')", "a.feather"),
        "read_json": reads("pd.read_json('a.json')", "a.json"),
        "read_pickle": reads("pd.read_pickle('a.pickle')", "a.pickle"),
        "read_xml": reads("pd.read_xml('a.xml')", "a.xml"),
        "read_sql": reads("c = sqlite3.connect('a.db'); pd.read_sql('select * from t', c); c.close()", "a.db"),
        "to_csv": writes("frame.to_csv('new.csv')", "new.csv"),
        "to_parquet": writes("frame.to_parquet('new.parquet')", "new.parquet"),
        "to_parquet over another": writes("frame.to_parquet('old.parquet')", "old.parquet"),
        "to_parquet partitioned": Call(
            "frame.to_parquet('out/parts', partition_cols=['b'], basename_template='p{i}')",
            {"out/parts/b=x/p0": "write", "out/parts/b=y/p0": "write"},
            may={"out/parts": "list", "out": "list", "out/parts/b=x": "list", "out/parts/b=y": "list"},
        ),
        "to_excel": writes("frame.to_excel('new.xlsx')", "new.xlsx"),
        "to_feather": writes("frame.to_feather('new.feather')", "new.feather"),
        "to_json": writes("frame.to_json('new.json')", "new.json"),
        "to_sql": writes("c = sqlite3.connect('new.db'); frame.to_sql('t', c); c.commit(); c.close()", "new.db"),
        "arrow read_table": reads("pa.parquet.read_table('arrow.parquet'); None", "arrow.parquet"),
        "arrow csv": reads("pa.csv.read_csv('arrow.csv'); None", "arrow.csv"),
        "arrow dataset": Call(
            "pa.dataset.dataset('set').to_table().num_rows",
            {
                "set": "list",
                "set/deeper": "list",
                "set/0.parquet": "read",
                "set/1.parquet": "read",
                "set/deeper/2.parquet": "read",
            },
        ),
        "arrow write": writes("pa.parquet.write_table(pa.table({'a': [1]}), 'arrow.new')", "arrow.new"),
        "polars read_csv": reads("pl.read_csv('polars.csv').shape", "polars.csv"),
        "polars scan_csv": reads("pl.scan_csv('scanned.csv').collect().shape", "scanned.csv"),
        "polars read_parquet": reads("pl.read_parquet('polars.parquet').shape", "polars.parquet"),
        "polars scan_parquet": reads("pl.scan_parquet('scanned.parquet').collect().shape", "scanned.parquet"),
        "polars glob": Call(
            "pl.read_parquet('set/*.parquet').shape",
            {"set/0.parquet": "read", "set/1.parquet": "read", "set": "list"},
        ),
        "polars read_ipc": reads("pl.read_ipc('polars.feather').shape", "polars.feather"),
        "polars write": writes("pl.DataFrame({'a': [1]}).write_csv('polars.new')", "polars.new"),
        "polars write_parquet": writes(
            "pl.DataFrame({'a': [1]}).write_parquet('polars.new.parquet')", "polars.new.parquet"
        ),
        "polars sink": writes("pl.LazyFrame({'a': [1]}).sink_parquet('polars.sink')", "polars.sink"),
        "duckdb parquet": reads("duckdb.sql(\"select * from 'duck.parquet'\").fetchall()", "duck.parquet"),
        "duckdb csv": reads("duckdb.read_csv('duck.csv').fetchall()", "duck.csv"),
        "duckdb glob": Call(
            "duckdb.sql(\"select * from 'set/*.parquet'\").fetchall()",
            {"set/0.parquet": "read", "set/1.parquet": "read", "set": "list"},
        ),
        "duckdb copy": Call(
            "duckdb.sql(\"copy (select * from 'duck.parquet') to 'duck.new'\")",
            {"duck.parquet": "read", "duck.new": "write"},
        ),
        "duckdb database": reads(
            "with duckdb.connect('a.duckdb', read_only=True) as duck: duck.execute('from t').fetchall()", "a.duckdb"
        ),
        "duckdb new database": writes(
            "with duckdb.connect('new.duckdb') as duck: duck.execute('create table t as select 1 as a')", "new.duckdb"
        ),
    },
)

TENSORFLOW = Group(
    prepare=(
        """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np, tensorflow as tf
from PIL import Image
""",
        """
for name in "file lines mapped gfile".split(): open(f"{name}.txt", "w").write("one\\ntwo\\n")
for kind in "ab":
    os.makedirs(f"images/{kind}"); os.makedirs(f"texts/{kind}")
    for n in range(2):
        Image.fromarray(np.full((8, 8, 3), n, "uint8")).save(f"images/{kind}/{n}.png")
        open(f"texts/{kind}/{n}.txt", "w").write("x")
with tf.io.TFRecordWriter("a.tfrecord") as writer: writer.write(b"x")
def model():
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made
net = model()
model().save("a.keras"); model().save("a.h5"); model().save_weights("a.weights.h5")
model().export("a.saved", verbose=False)
x, y = np.zeros((4, 2)), np.zeros((4, 1))
""",
    ),
    calls={
        "read_file": reads("tf.io.read_file('file.txt')", "file.txt"),
        "lines": reads("list(tf.data.TextLineDataset('lines.txt').as_numpy_iterator())", "lines.txt"),
        "records": reads("list(tf.data.TFRecordDataset('a.tfrecord').as_numpy_iterator())", "a.tfrecord"),
        "write records": writes(
            "with tf.io.TFRecordWriter('new.tfrecord') as writer: writer.write(b'x')", "new.tfrecord"
        ),
        "map read_file": reads(
            "list(tf.data.Dataset.from_tensor_slices(['mapped.txt']).map(tf.io.read_file).as_numpy_iterator())",
            "mapped.txt",
        ),
        "GFile": reads("tf.io.gfile.GFile('gfile.txt').read()", "gfile.txt"),
        "gfile listdir": Call("tf.io.gfile.listdir('images')", {"images": "list"}),
        "gfile glob": Call("tf.io.gfile.glob('images/a/*.png')", {"images/a": "list"}),
        "image_dataset_from_directory": Call(
            "list(keras.utils.image_dataset_from_directory('images', image_size=(8, 8), verbose=False))[0][1]",
            {
                "images": "list",
                "images/a": "list",
                "images/b": "list",
                **{f"images/{kind}/{n}.png": "read" for kind in "ab" for n in range(2)},
            },
        ),
        "text_dataset_from_directory": Call(
            "list(keras.utils.text_dataset_from_directory('texts', verbose=False))[0][1]",
            {
                "texts": "list",
                "texts/a": "list",
                "texts/b": "list",
                **{f"texts/{kind}/{n}.txt": "read" for kind in "ab" for n in range(2)},
            },
        ),
        "load_img": reads("keras.utils.load_img('images/a/0.png').size", "images/a/0.png"),
        "save": writes("net.save('new.keras')", "new.keras"),
        "save h5": writes("net.save('new.h5')", "new.h5"),
        "save_weights": writes("net.save_weights('new.weights.h5')", "new.weights.h5"),
        "export": writes(
            "net.export('new.saved', verbose=False)",
            "new.saved/fingerprint.pb",
            "new.saved/saved_model.pb",
            "new.saved/variables/variables.data-00000-of-00001",
            "new.saved/variables/variables.index",
        ),
        "load_model": reads("keras.models.load_model('a.keras').name", "a.keras"),
        "load_model h5": reads("keras.models.load_model('a.h5', compile=False).name", "a.h5"),
        "load_weights": reads("net.load_weights('a.weights.h5')", "a.weights.h5"),
        "saved_model": reads(
            "tf.saved_model.load('a.saved'); None",
            "a.saved/fingerprint.pb",
            "a.saved/saved_model.pb",
            "a.saved/variables/variables.data-00000-of-00001",
            "a.saved/variables/variables.index",
        ),
        "fit with callbacks": writes(
            "net.fit(x, y, epochs=2, verbose=0, callbacks=[\n"
            "    keras.callbacks.ModelCheckpoint('best.keras'), keras.callbacks.CSVLogger('log.csv')]); None",
            "best.keras",
            "log.csv",
        ),
        "checkpoint": Call(
            "tf.train.Checkpoint(a=tf.Variable(1.0)).write('checkpoint'); None",
            {".": "list", "checkpoint.data-00000-of-00001": "write", "checkpoint.index": "write"},  # TensorFlow globs
        ),
        "list_files": Call(
            "list(tf.data.Dataset.list_files('texts/a/*.txt').as_numpy_iterator())[:0]", {"texts/a": "list"}
        ),
    },
    needs=("tensorflow",),
)

TORCH = Group(
    prepare=(
        """
import torch
from torch.utils.data import DataLoader, Dataset
""",
        """
torch.save({"a": torch.zeros(3)}, "a.pt"); torch.save({"a": torch.zeros(3)}, "mapped.pt")
for n in range(4): open(f"{n}.txt", "w").write(str(n))
class Files(Dataset):
    def __len__(self): return 4
    def __getitem__(self, n): return float(open(f"{n}.txt").read())
""",
    ),
    calls={
        "load": reads("torch.load('a.pt')", "a.pt"),
        "load mapped": reads("torch.load('mapped.pt', mmap=True)", "mapped.pt"),
        "save": writes("torch.save(torch.zeros(3), 'new.pt')", "new.pt"),
        "DataLoader": reads("list(DataLoader(Files(), num_workers=2))", "0.txt", "1.txt", "2.txt", "3.txt", by="child"),
    },
    needs=("torch",),
)

HIERARCHICAL = Group(
    prepare=(
        "import pandas as pd, xarray as xr, numpy as np",
        """
frame = pd.DataFrame({"a": [1, 2]})
frame.to_hdf("a.hdf", key="t")
xr.DataArray(np.zeros(3), name="a").to_netcdf("a.nc")
""",
    ),
    calls={
        "read_hdf": reads("pd.read_hdf('a.hdf')", "a.hdf"),
        "to_hdf": writes("frame.to_hdf('new.hdf', key='t')", "new.hdf"),
        "open_dataset": reads("xr.open_dataset('a.nc').load().close()", "a.nc"),
        "to_netcdf": writes("xr.DataArray(np.zeros(3), name='a').to_netcdf('new.nc')", "new.nc"),
    },
    needs=("tables", "xarray", "netCDF4"),
)

GROUPS = {
    "standard library": STANDARD,
    "children": CHILDREN,
    "arrays": ARRAYS,
    "frames": FRAMES,
    "tensorflow": TENSORFLOW,
    "torch": TORCH,
    "hierarchical": HIERARCHICAL,
}
