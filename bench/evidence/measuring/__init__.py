"""Functions that estimands share: from an arm's tables to values, one row a measured member."""
