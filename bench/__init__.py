"""bptt-bench: what really helps against vanishing gradients in recurrent networks."""

__version__ = "0.1.0"
