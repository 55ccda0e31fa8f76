"""Turns a user's ordinary module into a technique, without code."""

from bench.own_module.make import MadeModule, make_module

__all__ = ["MadeModule", "make_module"]
