"""From tidy tables to estimates: what the stored results show, and how sure that is. Nothing about looks."""
