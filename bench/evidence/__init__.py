"""Estimates from tidy tables: what the stored results show, and how sure that is. Nothing here is about looks."""
