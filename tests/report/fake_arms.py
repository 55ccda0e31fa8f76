"""The further matrices of a made-up study, one an arm."""

from __future__ import annotations

from typing import Any

from fake_store import FakeStore, protocol, study, train

RADII = (0.5, 0.8, 0.95, 1.2, 1.5, 2)
REMEDIES = ("tanh", "relu", "irnn", "lstm", "gru", "residual-time", "orthogonal")

ARMS: dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, tuple[int, ...]], dict[str, Any]]] = {
    # title, techniques, lags by task, what of the protocol is its own
    "start": (
        {"en": "Gradient flow before training", "zh": "训练之前的梯度流"},
        (
            *("tanh", "sigmoid", "relu", "irnn", "orthogonal", "lstm", "gru", "residual-time", "deep-tanh"),
            *(f"{name}:radius={radius:g}" for name in ("spectral-radius", "linear") for radius in RADII),
            *(f"lstm:forget_bias={bias}" for bias in (0, 2, 4)),
        ),
        {"adding": (100,), "copy": (30,)},
        {"updates": 0, "learning_rates": (0.01,)},
    ),
    "dials": (
        {"en": "Sweeps of the techniques' own dials", "zh": "各方法自有参数的扫描"},
        (
            *(f"residual-time:scale={scale:g}" for scale in (1, 0.3, 0.1, 0.03, 0.01)),
            *(f"clip-norm:threshold={threshold:g}" for threshold in (100, 10, 1, 0.1, 0.01)),
            *(f"tbptt:window={window}" for window in (5, 10, 20, 50)),
        ),
        {"adding": (20, 50)},
        {},
    ),
    "exploding": (
        {"en": "Where gradients do explode", "zh": "梯度确实会爆炸之处"},
        ("tanh", "relu", "clip-norm", "clip-norm:threshold=0.1", "clip-value", "clip-literal"),
        {"adding": (20, 50)},
        {"recurrent_gain": 2.0, "learning_rates": (0.03,)},
    ),
    "clipped": ({"en": "Everything clipped", "zh": "全部裁剪"}, REMEDIES, {"adding": (20, 50)}, {"clip_norm": 1.0}),
    "orthogonal": (
        {"en": "Under orthogonal initialisation", "zh": "正交初始化之下"},
        REMEDIES,
        {"adding": (20, 50), "copy": (10, 30)},
        {"initialisation": "orthogonal"},
    ),
}


def add_arms(store: FakeStore, seeds: int = 5, arms: tuple[str, ...] = tuple(ARMS)) -> None:
    """Train these arms into a made-up store."""
    for arm in arms:
        title, techniques, tasks, own = ARMS[arm]
        train(store, study(techniques, tasks, seeds, protocol(**own), arm=arm, arm_title=title))
