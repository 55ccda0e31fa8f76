"""What estimands are measured with: functions from an arm's tables to values, one row a measured member."""
