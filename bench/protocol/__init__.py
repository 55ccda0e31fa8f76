"""What a fair trial is: presets, seeds, budgets, tuning, the lag ladder; a resolved study with hashes."""
