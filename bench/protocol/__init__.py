"""Presets, resolved to studies, and the lag ladder that a study climbs."""
