"""A user's own file changes nothing for others: no numbers, no switches, no names, no output."""

import gc
import json
import logging
import os
import random
import re
import signal
import sys
import warnings
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import containment, interpreters, own_files, registry
from bench.cli import main
from bench.errors import BenchError
from bench.records.source_hash import source_hash
from bench.registry import Registry, load_plugin, plugin_of
from bench.tasks import tasks
from bench.techniques import Technique, techniques

HEAD = "from bench.techniques.tanh import Tanh\n"
TECHNIQUE = HEAD + "class Mine(Tanh):\n    name = {name!r}\n    title = 'Mine'\n{body}"


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """What plugins register goes again, and what they put on the path."""
    for one in (tasks, techniques):
        monkeypatch.setattr(one, "_found", one.all())
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(interpreters, "of_plugins", set())
    yield
    for name in containment._of_plugins:
        sys.modules.pop(name, None)


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def technique(file: Path, name: str = "mine", before: str = "", body: str = "") -> Path:
    return write(file, before + TECHNIQUE.format(name=name, body=body))


def load(*files: Path) -> None:
    for file in files:
        load_plugin(file, [tasks, techniques])


def hashed(name: str) -> str:
    return source_hash(techniques.get(name))


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("torch.set_default_dtype(torch.float64)", r"default dtype \(from torch.float32 to torch.float64\)"),
        ("torch.set_default_device('meta')", "default device"),
        ("torch.set_num_threads(3)", r"threads \(from 1 to 3\)"),
        ("torch.set_grad_enabled(False)", "gradient mode"),
        ("torch.set_flush_denormal(True)", "denormal numbers"),
        ("torch.use_deterministic_algorithms(True)", "deterministic algorithms"),
        ("torch.set_float32_matmul_precision('medium')", "precision of products"),
        ("torch.autograd.set_detect_anomaly(True, check_nan=False)", "anomaly detection"),
    ],
)
@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_what_changes_everybodys_numbers_is_refused_and_undone(statement, what, tmp_path):
    before, threads = containment.numbers(), torch.get_num_threads()
    with pytest.raises(BenchError, match=f"mine.py changes torch's .*{what}.* for all techniques: remove that"):
        load(technique(tmp_path / "mine.py", before=f"import torch\n{statement}\n"))
    assert containment.numbers() == before
    assert torch.get_num_threads() == threads
    assert "mine" not in techniques.names()


SWITCHES = """
import gc, logging, os, random, signal, sys, warnings
import numpy as np, torch
torch.manual_seed(0); np.random.seed(0); random.seed(0)
warnings.simplefilter("error"); np.seterr(all="raise"); logging.basicConfig(level=1, force=True)
gc.disable(); sys.setrecursionlimit(5000); signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.environ["BPTT_BENCH_NATIVE"] = "0"; os.chdir("/")
"""


def switches():
    root = logging.getLogger()
    return [
        torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate(), list(warnings.filters),
        np.geterr(), root.level, list(root.handlers), gc.isenabled(), sys.getrecursionlimit(),
        signal.getsignal(signal.SIGTERM), dict(os.environ), str(Path.cwd()),
    ]  # fmt: skip


def test_what_others_would_stumble_over_is_put_back(tmp_path):
    before = switches()
    load(technique(tmp_path / "mine.py", before=SWITCHES))
    assert switches() == before


def test_two_files_of_one_name_are_two(tmp_path):
    one, two = tmp_path / "a" / "cell.py", tmp_path / "b" / "cell.py"
    load(technique(one, "one"), technique(two, "two", body="    scale = 2\n"))
    first, second = hashed("one"), hashed("two")
    assert first != second
    assert (plugin_of(techniques.get("one")), plugin_of(techniques.get("two"))) == (one, two)
    load(technique(one, "one", body="    scale = 1\n"))
    assert hashed("one") not in (first, second)
    assert hashed("two") == second
    del techniques._found["two"]
    load(technique(tmp_path / "elsewhere" / "cell.py", "two", body="    scale = 2\n"))
    assert hashed("two") == second, "where it lies does not count"


@pytest.mark.parametrize("where", ["one file", "two files"])
def test_a_name_that_is_defined_twice_is_refused(where, tmp_path):
    again = "class Other(Tanh):\n    name = 'mine'\n"
    if where == "one file":
        files = [write(tmp_path / "mine.py", TECHNIQUE.format(name="mine", body="") + again)]
    else:
        files = [technique(tmp_path / "mine.py"), write(tmp_path / "other.py", HEAD + again)]
    with pytest.raises(BenchError, match=r"The technique name 'mine' is used twice: .* (both|define it)"):
        load(*files)
    load(technique(tmp_path / "fine.py", "fine"))
    if where == "two files":
        load(files[0])  # the same file may come again


HELPED = "{imports}\n" + HEAD + "class Mine(Tanh):\n    name = 'mine'\n    title = 'Mine'\n    scale = {value}\n"
BY_PATH = "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent{sub}))\n"


@pytest.mark.parametrize(
    ("imports", "value", "helper"),
    [
        (BY_PATH.format(sub="") + "from parts import SCALE", "SCALE", "parts.py"),
        (BY_PATH.format(sub="/'lib'") + "import parts", "parts.SCALE", "lib/parts.py"),
        ("from .parts import SCALE", "SCALE", "parts.py"),
        ("from .lib import parts", "parts.SCALE", "lib/parts.py"),
        ("from . import chain", "chain.SCALE", "parts.py"),
        ("from .chain import SCALE", "SCALE", "parts.py"),
        (
            "late = lambda: __import__('x')\ndef late():\n    from .parts import SCALE\n    return SCALE",
            "0",
            "parts.py",
        ),
    ],
)
def test_what_a_plugin_imports_from_its_folder_counts(imports, value, helper, tmp_path):
    write(tmp_path / "chain.py", "from .parts import SCALE\n") if "chain" in imports else None
    write(tmp_path / helper, "SCALE = 1  # so\n")
    mine = write(tmp_path / "mine.py", HELPED.format(imports=imports, value=value))
    write(tmp_path / "unrelated.py", "SCALE = 5\n")
    load(mine)
    first = hashed("mine")
    write(tmp_path / helper, "SCALE = 1  # otherwise\n")
    write(tmp_path / "unrelated.py", "SCALE = 6\n")
    load(mine)
    assert hashed("mine") == first
    write(tmp_path / helper, "SCALE = 2  # so\n")  # within the same second, and of the same size
    load(mine)
    assert hashed("mine") != first
    assert techniques.get("mine").scale == (0 if value == "0" else 2)
    assert not list(tmp_path.rglob("__pycache__"))


def test_helpers_of_one_name_are_each_plugins_own(tmp_path):
    for folder, value in (("a", 1), ("b", 2)):
        write(tmp_path / folder / "parts.py", f"SCALE = {value}\n")
        text = HELPED.format(imports=BY_PATH.format(sub="") + "from parts import SCALE", value="SCALE")
        load(write(tmp_path / folder / "cell.py", text.replace("'mine'", f"'{folder}'")))
    assert (techniques.get("a").scale, techniques.get("b").scale) == (1, 2)
    with pytest.raises(BenchError, match="No module named 'parts'"):
        load(write(tmp_path / "c" / "cell.py", HELPED.format(imports="from parts import SCALE", value="SCALE")))
    with interpreters.started_safely():
        assert not {str(tmp_path / "a"), str(tmp_path / "b")} & set(sys.path)
    assert str(tmp_path / "b") in sys.path


DATA = """
import torch
from bench.tasks.base import Task
class Own(Task):
    name = "own"
    title = "Own"
    reference = "own"
    inputs, outputs = 1, 2
    files = {files}
    def sample(self, generator, batch_size, lag, split="train"):
        return torch.full((lag, batch_size, 1), float(self.file({read!r}).read_text())), \
            torch.zeros(1, batch_size).long()
    def trivial_level(self, lag):
        return 1.0
"""


def own(folder: Path, files: object, read: str = "data/own.csv") -> type:
    load(write(folder / "own.py", DATA.format(files=files, read=read)))
    return tasks.get("own")


def test_files_that_are_declared_count(tmp_path):
    data = write(tmp_path / "data" / "own.csv", "1")
    cls = own(tmp_path, ("data/own.csv",))
    first = source_hash(cls)
    assert cls().sample(torch.Generator(), 1, 1)[0].item() == 1
    data.write_text("23")
    assert source_hash(cls) != first
    data.write_text("1")
    assert source_hash(cls) == first


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (("gone.csv",), r"declares the file 'gone.csv', which is not in /"),
        (("../own.csv",), r"declares the file '../own.csv': it must be in /"),
        (("/etc/passwd",), r"it must be in /"),
        ("data/own.csv", r"write a tuple: \('data/own.csv',\)"),
    ],
)
def test_files_that_cannot_be_declared(files, sentence, tmp_path):
    with pytest.raises(BenchError, match=sentence):
        source_hash(own(tmp_path, repr(files)))


def test_a_file_that_is_read_without_a_word(tmp_path):
    write(tmp_path / "data" / "own.csv", "1")
    with pytest.raises(BenchError, match=r"Own reads 'data/own.csv' without declaring it: add it to its 'files'\."):
        own(tmp_path, ())().sample(torch.Generator(), 1, 1)


READS = [
    "float(Path(__file__).with_name('own.csv').read_text())",
    "float(np.loadtxt(Path(__file__).with_name('own.csv')))",
    "float(open(Path(__file__).with_name('own.csv')).read())",
    "float(pd.read_csv(Path(__file__).with_name('own.csv'), header=None).iloc[0, 0])",
    "float(os.read(os.open(Path(__file__).with_name('own.csv'), os.O_RDONLY), 9))",
]


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("when", ["in a method", "at import"])
@pytest.mark.parametrize("read", READS)
def test_a_file_that_is_read_behind_our_back_is_told(read, when, tmp_path, capsys):
    write(tmp_path / "own.csv", "1\n")
    head = "import os\nfrom pathlib import Path\nimport numpy as np, pandas as pd\n"
    text = head + DATA.format(files=(), read="").replace("float(self.file('').read_text())", "VALUE")
    if when == "at import":
        text = text.replace("class Own", f"VALUE = {read}\nclass Own")
    write(tmp_path / "own.py", text.replace("VALUE)", f"{read})") if when == "in a method" else text)
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere" / "link.py"
    file.symlink_to(tmp_path / "own.py")
    assert main(["list", "tasks", "--plugin", str(file)]) == 0
    said = capsys.readouterr().err
    assert said == (
        f"Plugin {file} reads own.csv without declaring it: a change to it is not noticed, and nothing is "
        "trained again. Add files = ('own.csv',) to the class, and read self.file('own.csv').\n"
    )
    file.write_text(file.read_text().replace("files = ()", "files = ('own.csv',)"))
    assert main(["list", "tasks", "--plugin", str(file)]) == 0
    assert capsys.readouterr().err == ""


def test_what_is_no_data_of_a_plugins_is_not_told(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [
        "from pathlib import Path", "from . import parts", "import tempfile",
        "Path('made').write_text('1')", f"Path({str(Path(__file__))!r}).read_text()", "Path('.cache').write_text('')",
        "Path('.cache').read_text()", "Path('gone').write_text('')",
        "Path('gone').read_text()", "Path('gone').unlink()",
    ]  # fmt: skip
    write(tmp_path / "parts.py", "SCALE = 1\n")
    file = technique(tmp_path / "mine.py", before="\n".join(lines) + "\n")
    assert main(["list", "techniques", "--plugin", str(file)]) == 0
    assert capsys.readouterr().err == ""
    Path("made").read_bytes()
    assert not own_files._heard


ENDS = [
    ("class Odd(BaseException): pass\nraise Odd('odd')", "p.py: Odd: odd."),
    ("raise GeneratorExit", "p.py: GeneratorExit."),
    ("import os; os._exit(0)", "p.py: it calls os._exit(0)."),
    ("import sys; sys.exit()", "p.py: SystemExit."),
    ("def f(): f()\nf()", "p.py: RecursionError: maximum recursion depth exceeded."),
]


@pytest.mark.parametrize(("statement", "sentence"), ENDS)
def test_however_a_plugin_ends_it_is_a_sentence(statement, sentence, tmp_path, capfd):
    assert (
        main(["list", "techniques", "--json", "--plugin", str(technique(tmp_path / "p.py", before=statement + "\n"))])
        == 2
    )
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert sentence in err


@pytest.mark.parametrize(
    ("imports", "hint"),
    [
        ("from parts import SCALE", "'parts'; it is beside the plugin, so write 'from .parts import …'."),
        ("import lib.more", "'lib'; it is beside the plugin, so write 'from .lib import …'."),
        ("from ..parts import SCALE", "; a plugin can import what is beside it or in folders below it, as in 'from ."),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'."),
    ],
)
def test_a_plugin_that_looks_for_its_parts_elsewhere_is_told_how_to_find_them(imports, hint, tmp_path):
    write(tmp_path / "parts.py", "SCALE = 1\n")
    write(tmp_path / "lib/more.py", "SCALE = 1\n")
    with pytest.raises(BenchError, match=re.escape(hint)):
        load(technique(tmp_path / "p.py", before=imports + "\n"))


def test_what_a_plugin_says_is_no_data(tmp_path, capfd):
    says = "import os\nprint('by print')\nos.write(1, b'by number')\nos.system('echo by a program')\n"
    body = "    @classmethod\n    def skip(cls, situation):\n        print('by a class')\n"
    file = str(technique(tmp_path / "p.py", before=says, body=body))
    assert main(["list", "techniques", "--json", "--plugin", file]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)
    assert all(words in err for words in ("by print", "by number", "by a program"))


def test_an_entry_point_is_loaded_by_those_who_ask_for_it(tmp_path, monkeypatch):
    """Its modules count, too; others' do not."""
    write(tmp_path / "theirs" / "__init__.py", "")
    write(tmp_path / "theirs" / "parts.py", "SCALE = 1\n")
    text = HELPED.format(imports="from theirs.parts import SCALE", value="SCALE").replace("'mine'", "'theirs'")
    write(tmp_path / "theirs" / "cell.py", text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    entries = [EntryPoint("theirs", "theirs.cell:Mine", "g"), EntryPoint("broken", "nowhere:Mine", "g")]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    found: Registry = Registry("technique", Technique, "bench.techniques", "g", {})
    assert "tanh" in found.built_in()
    assert found.get("tanh").title
    assert "theirs.cell" not in sys.modules
    first = source_hash(found.get("theirs"))
    with pytest.raises(BenchError, match=r"Entry point broken \(nowhere:Mine\) cannot be loaded: ModuleNotFoundError"):
        found.names()
    for name in [name for name in sys.modules if name.startswith("theirs")]:
        del sys.modules[name]
    write(tmp_path / "theirs" / "parts.py", "SCALE = 2\n")
    again: Registry = Registry("technique", Technique, "bench.techniques", "g", {})
    assert source_hash(again.get("theirs")) != first
    for name in [name for name in sys.modules if name.startswith("theirs")]:
        del sys.modules[name]
