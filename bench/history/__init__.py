"""Tells what changed from run to run, and why: snapshots, their comparison, and steps over time."""
