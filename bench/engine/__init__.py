"""Back-propagation through time for many members at once."""
