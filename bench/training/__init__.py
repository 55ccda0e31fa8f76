"""Trains one cohort with Lightning's Trainer."""
