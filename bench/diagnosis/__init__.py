"""Diagnoses of sequence models that do not learn: stages that rule out one cause after the other, on the user's model and data."""
