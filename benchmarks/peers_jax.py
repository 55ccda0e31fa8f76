"""The same members in JAX: `lax.scan` over time, Adam from optax, one compiled program an update, one thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"  # read at import

import jax
import jax.numpy as jnp
import optax
from torch import Tensor

from bench.techniques import Technique

Weights = dict[str, jax.Array]
State = tuple[jax.Array, ...]


def tanh_step(weight: jax.Array, bias: None, state: State, drive: jax.Array) -> State:
    """The simple recurrent network."""
    return (jnp.tanh(drive + state[0] @ weight),)


def gru_step(weight: jax.Array, bias: jax.Array, state: State, drive: jax.Array) -> State:
    """Gates r, z and the candidate n; the reset gate acts after the product."""
    (h,) = state
    drive_r, drive_z, drive_n = jnp.split(drive, 3, axis=-1)
    back_r, back_z, back_n = jnp.split(h @ weight, 3, axis=-1)
    r, z = jax.nn.sigmoid(drive_r + back_r), jax.nn.sigmoid(drive_z + back_z)
    n = jnp.tanh(drive_n + r * (back_n + bias))
    return ((1 - z) * n + z * h,)


def lstm_step(weight: jax.Array, bias: None, state: State, drive: jax.Array) -> State:
    """Gates i, f, g, o."""
    h, c = state
    i, f, g, o = jnp.split(drive + h @ weight, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


STEPS: dict[str, tuple[Callable[..., State], int]] = {
    "tanh": (tanh_step, 1), "gru": (gru_step, 1), "lstm": (lstm_step, 2),
}  # fmt: skip
"""By technique: a step, and how many states it carries."""


def updater(
    technique: str, module: Technique, inputs: Tensor, targets: Tensor, rate: float, members: int
) -> Callable[[], Any]:
    """One training update of so many members, from the weights that `module` has now; it returns their losses.

    inputs (T, B, I) and targets (1, B) are every member's. One member is a plain program, more are under `vmap`.
    """
    step, states = STEPS[technique]
    optimizer = optax.adam(rate)

    def loss(weights: Weights, x: jax.Array, y: jax.Array) -> jax.Array:
        drive = x @ weights["stack.0.input_weight"] + weights["stack.0.bias"]
        weight, bias = weights["stack.0.recurrent_weight"], weights.get("stack.0.candidate_bias")
        start = (jnp.zeros((x.shape[1], weight.shape[0])),) * states
        (h, *_), _ = jax.lax.scan(lambda state, now: (step(weight, bias, state, now), None), start, drive)
        return jnp.square((h @ weights["readout.weight"] + weights["readout.bias"])[:, 0] - y[0]).mean()

    def update(weights: Weights, memory: Any, x: jax.Array, y: jax.Array) -> tuple[Weights, Any, jax.Array]:
        value, gradient = jax.value_and_grad(loss)(weights, x, y)
        change, memory = optimizer.update(gradient, memory, weights)
        return optax.apply_updates(weights, change), memory, value

    weights = {name: jnp.array(p.detach().numpy()[:members]) for name, p in module.named_parameters()}
    start, program = jax.vmap(optimizer.init), jax.vmap(update, in_axes=(0, 0, None, None))
    if members == 1:
        weights = {name: w[0] for name, w in weights.items()}
        start, program = optimizer.init, update
    compiled = jax.jit(program, donate_argnums=(0, 1))
    held = [weights, start(weights)]
    x, y = jnp.array(inputs.numpy()), jnp.array(targets.numpy())

    def call() -> jax.Array:
        *held[:], losses = compiled(*held, x, y)
        return losses.block_until_ready()

    return call
