"""One file a verb, found by this folder: `bptt-bench NAME` is the function that NAME.py marks with `verb`.

A file imports at its top only what help needs: the rooms come with the verb that is called.
"""
