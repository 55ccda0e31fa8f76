"""Kernels are called as their C files declare them: a wrong call is an exception, not memory that is written over."""

import ctypes

import pytest
import torch
from kernels import needs_kernels

from bench.engine.activation import ACTIVATIONS, leaky_relu
from bench.engine.native import constant, library
from bench.engine.native.library import SOURCES, call
from bench.engine.native.signatures import signature


def test_signatures_are_those_of_the_c_files():
    long, number, pointer = ctypes.c_long, ctypes.c_float, ctypes.c_void_p
    assert signature("norms") == (long, long, pointer, pointer, pointer)
    assert signature("elman_forward") == (*(long,) * 5, *(ctypes.c_int,) * 2, *(number,) * 3, *(pointer,) * 7)


@needs_kernels
def test_every_cell_has_its_two_kernels_and_their_signatures():
    cells = [file.stem for file in SOURCES if file.suffix == ".c" and file.stem != "update"]
    assert len(cells) >= 6
    for cell in cells:
        forward, backward = (signature(f"{cell}_{way}") for way in ("forward", "backward"))
        assert hasattr(library(), f"{cell}_forward")
        inputs = backward.count(ctypes.c_void_p) - forward.count(ctypes.c_void_p)
        assert inputs >= 4, "d_out, and a gradient for x, for each parameter and for each state"


@needs_kernels
@pytest.mark.parametrize("change", [lambda words: words[:-1], lambda words: [*words, torch.ones(2)]])
def test_a_wrong_number_of_words_is_an_exception(change):
    widths, values, norms = (ctypes.c_long * 1)(3), torch.ones(2, 3), torch.zeros(2)
    words = [1, 2, widths, (ctypes.c_void_p * 1)(values.data_ptr()), norms]
    call("norms", *words)
    assert norms.tolist() == pytest.approx([3**0.5] * 2)
    with pytest.raises(TypeError, match="norms takes 5 words, not"):
        call("norms", *change(words))
    with pytest.raises(ctypes.ArgumentError):
        call("norms", 1.5, *words[1:])


def test_activations_are_numbered_by_the_c_file_alone():
    named = [each.kernel for each in (*ACTIVATIONS.values(), leaky_relu(0.1))]
    numbers = [constant("elman", name) for name in named]
    assert sorted(numbers) == list(range(len(named)))
    with pytest.raises(KeyError):
        constant("elman", "SWISH")
