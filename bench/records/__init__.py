"""The data that pass between rooms: settings and studies, results, snapshots, and where each came from."""
