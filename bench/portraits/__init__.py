"""Portraits: what a task asks and how a technique's gradient flows, as data that a drawing is made from."""

from bench.portraits.model import Lane, Layer, TaskPortrait, TechniquePortrait, Wire
from bench.portraits.stored import stored

__all__ = ["Lane", "Layer", "TaskPortrait", "TechniquePortrait", "Wire", "stored"]
