"""Turns a user's file of sequences into a task, without code."""

from bench.own_data.description import GAPS, SPLITS, Description
from bench.own_data.make import Made, make

__all__ = ["GAPS", "SPLITS", "Description", "Made", "make"]
