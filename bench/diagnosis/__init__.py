"""Diagnoses of sequence models that do not learn: stages that rule out one cause after the other."""
