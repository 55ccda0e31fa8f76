"""The kernels' signatures and constants, read from the C files themselves, so that they cannot drift apart."""

from __future__ import annotations

import ctypes
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
KERNEL = re.compile(r"^int (\w+)\(([^)]*)\)\s*\{", re.MULTILINE)
NUMBERS: dict[str, type] = {"long": ctypes.c_long, "int": ctypes.c_int, "float": ctypes.c_float}


@cache
def signature(kernel: str) -> tuple[type, ...]:
    """The types of a kernel's words in their order: a pointer, or one of C's numbers. KeyError if there is none."""
    return _signatures()[kernel]


@cache
def constant(file: str, name: str) -> int:
    """The number of a name in the first enumeration of a C file ('elman', 'TANH'). KeyError if there is none."""
    (names,) = re.findall(r"^enum \{([^}=]*)\};", (FOLDER / f"{file}.c").read_text(encoding="utf-8"), re.MULTILINE)
    return {word.strip(): number for number, word in enumerate(names.split(","))}[name]


@cache
def _signatures() -> dict[str, tuple[type, ...]]:
    texts = [file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.c"))]
    return {
        name: tuple(_type(word) for word in words.split(",")) for text in texts for name, words in KERNEL.findall(text)
    }


def _type(word: str) -> type:
    return ctypes.c_void_p if "*" in word else NUMBERS[word.split()[0]]
