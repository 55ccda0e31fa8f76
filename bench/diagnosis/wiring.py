"""Stage 1, wiring: does what the model computes depend on what it should, and on nothing else?

Each check changes a part of the inputs and looks at what else changes, exactly; that needs no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from bench.diagnosis.findings import Finding
from bench.diagnosis.subject import Subject
from bench.languages import Message

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
"""Relative changes that are rounding, by precision."""
DEAD_SHARE = 0.5
"""Share of all parameters above which those without a gradient explain a failure."""
STEPS_TO_WAKE = 3
"""Updates after which a parameter that starts without a gradient, behind a readout of zeros, has one."""


def examine(subject: Subject) -> Finding:
    """Return the first thing that is wired wrongly; `subject` in double precision and ready for evaluation."""
    for check in CHECKS:
        found = check(subject)
        if found is not None:
            return found
    message = Message("Outputs depend on the inputs that they should depend on, and on no others.")
    return Finding("wiring", "healthy", message)


def _wrong(message: Message, **numbers: object) -> Finding:
    return Finding("wiring", "wiring", message, numbers)


def not_finite(subject: Subject) -> Finding | None:
    """Look for NaN and infinities in the data."""
    for name, values in (("x", subject.batch.x), ("y", subject.batch.y)):
        if not values.is_floating_point():
            continue
        bad = (~torch.isfinite(values)).nonzero()
        if len(bad):
            place = ", ".join(str(int(i)) for i in bad[0])
            return _wrong(
                Message(
                    "{name} holds {n} values that are not finite, the first at [{place}]: every gradient of such a "
                    "batch is NaN.",
                    {"name": name, "n": len(bad), "place": place},
                ),
                not_finite=len(bad),
            )
    return None


def keeps_state(subject: Subject) -> Finding | None:
    """Run the same batch twice: the second answer has to be the first."""
    once = subject.copied()
    first, second = once.run().out, once.run(doing="when it was run a second time").out
    if _same(first, second):
        return None
    return _wrong(
        Message(
            "The same batch gets another answer when it is shown again: the model keeps a state from one batch to the "
            "next. Start each batch from zeros, or detach the state where batches continue each other."
        )
    )


def input_ignored(subject: Subject) -> Finding | None:
    """Give every sequence another's inputs."""
    if subject.sequences < 2:
        return None
    x = subject.front(subject.batch.x)
    if bool((x == x[:1]).all()):
        return _wrong(Message("All sequences of the batch are equal: there is nothing in x to learn from."))
    other = subject.with_x(x.roll(1, 0))
    before, after = subject.copied().run().out, other.copied().run().out
    if not torch.isfinite(before).all() or not _same(before, after):
        return None
    woken = subject.copied()  # a readout of zeros hides the inputs until it is trained
    _dead(woken, woken.run().loss)
    if not _same(woken.copied().run().out, replace(other, model=woken.model).copied().run().out):
        return None
    return _wrong(
        Message("Outputs do not depend on the inputs at all: another sequence in the place of each changes nothing.")
    )


def batch_mixed_with_time(subject: Subject) -> Finding | None:
    """Change every sequence but one: its output must stay."""
    if subject.sequences < 3:
        return None
    x = subject.front(subject.batch.x)
    kept = subject.sequences // 2
    changed = x.roll(1, 0)
    changed[kept] = x[kept]
    before, after = (s.copied().run().out for s in (subject, subject.with_x(changed)))
    axis = subject.batch_axis if subject.has_steps(before) else 0
    if before.dim() <= axis or before.shape[axis] != subject.sequences:
        return None
    if _same(before.select(axis, kept), after.select(axis, kept)):
        return None
    return _wrong(
        Message(
            "The output of sequence {kept} changes with the inputs of other sequences: the model takes sequences for "
            "steps. {hint}",
            {"kept": kept, "hint": _batch_first_hint(subject)},
        ),
        sequence=kept,
    )


def _batch_first_hint(subject: Subject) -> Message:
    wrong = [
        name or type(module).__name__
        for name, module in subject.model.named_modules()
        if isinstance(module, nn.RNNBase) and module.batch_first != (subject.time == 1)
    ]
    right = "batch_first=True" if subject.time == 1 else "batch_first=False"
    if wrong:
        return Message(
            "Give {layers} {right}, or look for a view or reshape that swaps the two axes.",
            {"layers": ", ".join(wrong), "right": right},
        )
    return Message("Look for a view or reshape that swaps the two axes.")


def leak_from_the_future(subject: Subject) -> Finding | None:
    """Change what lies ahead: outputs before must stay, where the model is to be causal."""
    why = Message("the model is to be causal") if subject.causal else _predicts_next(subject)
    before = subject.copied().run().out
    if why is None or subject.sequences < 2 or subject.steps < 2 or not subject.has_steps(before):
        return None
    x = subject.front(subject.batch.x)
    start = max(1, subject.steps // 2)
    changed = torch.cat([x[:, :start], x.roll(1, 0)[:, start:]], dim=1)
    after = subject.with_x(changed).copied().run().out
    differs = _changes(subject.front(before), subject.front(after))[:start]
    if not differs.any():
        return None
    first = int(differs.nonzero()[0])
    return _wrong(
        Message(
            "Outputs see the future: inputs from step {start} on change the output of step {first}, though {why}."
            " Look for a convolution that pads on both sides, a backward direction or a missing mask.",
            {"start": start, "first": first, "why": why},
        ),
        steps_ahead=start - first,
    )


def _predicts_next(subject: Subject) -> Message | None:
    """Return the reason why a model has to be causal: its targets are the next inputs. None if they are not."""
    if not subject.stepwise or subject.steps < 3:
        return None
    x, y = subject.front(subject.batch.x), subject.front(subject.batch.y)
    x, y = (v.flatten(2).squeeze(-1) if v.dim() > 2 else v for v in (x, y))
    same = x.shape == y.shape and bool((x[:, 1:] == y[:, :-1].to(x.dtype)).all())
    return Message("each target is the next input") if same else None


def reads_padding(subject: Subject) -> Finding | None:
    """Change what lies beyond the end of each sequence: neither outputs nor loss may notice."""
    lengths = subject.batch.lengths
    if lengths is None or int(lengths.min()) == subject.steps:
        return None
    x = subject.front(subject.batch.x)
    padding = torch.arange(subject.steps) >= lengths[:, None]
    other = x.roll(1, 0).flip(1) if subject.tokens else x + 1
    mask = padding.reshape(*padding.shape, *[1] * (x.dim() - 2))
    before, after = (s.copied().run() for s in (subject, subject.with_x(torch.where(mask, other, x))))
    if _same(before.loss, after.loss):
        return None
    return _wrong(
        Message(
            "The loss depends on what stands behind the end of sequences ({n} of {all} steps are padding): read the "
            "output at each sequence's last step, or leave padding out of the loss.",
            {"n": int(padding.sum()), "all": padding.numel()},
        ),
        padding_share=float(padding.double().mean()),
    )


def loss_broadcasts(subject: Subject) -> Finding | None:
    """Compare the user's loss with itself on outputs in the shape of the targets."""
    y = subject.batch.y
    found = subject.copied().run()
    out = found.out
    if not callable(subject.loss) or out.shape == y.shape or out.numel() != y.numel() or not y.is_floating_point():
        return None
    try:
        reshaped = subject.loss(out.reshape(y.shape), y)
    except Exception:  # a loss that takes outputs as they are
        return None
    if _same(found.loss, reshaped.reshape(())):
        return None
    return _wrong(
        Message(
            "The loss compares outputs {out} with targets {y} by broadcasting, each with every other: give them one "
            "shape, as in out.squeeze(-1).",
            {"out": str(tuple(out.shape)), "y": str(tuple(y.shape))},
        )
    )


def without_gradient(subject: Subject) -> Finding | None:
    """Look for parameters that the loss has no gradient for, though they are to be trained."""
    copy = subject.copied()
    passed = copy.run()
    if not any(p.requires_grad for p in copy.model.parameters()):
        return _wrong(Message("The model has no parameter that is to be trained (requires_grad)."))
    if not passed.loss.requires_grad:
        return _wrong(
            Message("The loss has no gradient: something between parameters and loss detaches, rounds or takes .data.")
        )
    dead = _dead(copy, passed.loss) if torch.isfinite(passed.loss) else []
    return _seen_one_step(dead) or _silent(copy.model, [name for name in dead if not _unused_state(name, dead)])


def _seen_one_step(dead: list[str]) -> Finding | None:
    """Tell a backward direction that is read at the last step, where it starts, from other parameters."""
    recurrent = [name for name in dead if "weight_hh" in name]
    if not recurrent or not all(name.endswith("_reverse") for name in recurrent):
        return None
    return _wrong(
        Message(
            "The backward direction is read where it has seen one step alone ({name} has no gradient): take its last "
            "state, h_n, or its output at the first step.",
            {"name": recurrent[0]},
        ),
        without_gradient=dead,
    )


def _unused_state(name: str, dead: list[str]) -> bool:
    """Return True for a recurrent matrix whose inputs' matrix has a gradient: the state is dropped, which is a cut."""
    return "weight_hh" in name and name.replace("weight_hh", "weight_ih") not in dead


def _silent(model: nn.Module, dead: list[str]) -> Finding | None:
    """Find a recurrent layer or most of a model among the parameters without a gradient."""
    sizes = {name: p.numel() for name, p in model.named_parameters() if p.requires_grad}
    share = sum(sizes[name] for name in dead) / sum(sizes.values()) if dead else 0.0
    layers = [one for one in _recurrent(model) if all(name in dead for name in sizes if name.startswith(one))]
    numbers = {"without_gradient": dead[:20], "share": share}
    given = {"names": ", ".join(dead[:3]) + (" …" if len(dead) > 3 else ""), "share": f"{share:.0%}"}
    if layers:
        given["name"] = layers[0].rstrip(".") or type(model).__name__
        return _wrong(
            Message(
                "No parameter of {name} has a gradient ({names}): the path from there to the loss is detached, unused "
                "or dead.", given
            ),
            **numbers,
        )  # fmt: skip
    if share < DEAD_SHARE:
        return None
    return _wrong(
        Message(
            "{share} of the parameters have no gradient ({names}): the path from there to the loss is detached, unused "
            "or dead.", given
        ),
        **numbers,
    )  # fmt: skip


def _recurrent(model: nn.Module) -> list[str]:
    """Prefixes of the parameters of recurrent modules that are to be trained."""
    kinds = (nn.RNNBase, nn.RNNCellBase)
    named = [(f"{name}." if name else "", m) for name, m in model.named_modules() if isinstance(m, kinds)]
    return [prefix for prefix, m in named if any(p.requires_grad for p in m.parameters())]


def _dead(copy: Subject, loss: Tensor) -> list[str]:
    """Names of parameters without a gradient, also after a few updates; the copy is trained meanwhile."""
    named = {name: p for name, p in copy.model.named_parameters() if p.requires_grad}
    if not named or not loss.requires_grad:
        return list(named)
    optimizer = torch.optim.Adam(named.values(), lr=1e-4)
    dead = set(named)
    for update in range(STEPS_TO_WAKE + 1):
        optimizer.zero_grad()
        loss.backward()
        dead &= {name for name, p in named.items() if p.grad is None or not bool((p.grad != 0).any())}
        if not dead or update == STEPS_TO_WAKE:
            break
        optimizer.step()
        loss = copy.run().loss
    return [name for name in named if name in dead]


def _same(a: Tensor, b: Tensor) -> bool:
    """Return True if two tensors differ by rounding at most; a NaN equals a NaN."""
    if a.shape != b.shape:
        return False
    a, b = a.detach(), b.detach()
    if not a.is_floating_point():
        return bool((a == b).all())
    scale = float(torch.nan_to_num(a).abs().max()) if a.numel() else 0.0
    return torch.allclose(a, b, rtol=0, atol=TOLERANCE.get(a.dtype, 1e-3) * scale, equal_nan=True)


def _changes(a: Tensor, b: Tensor) -> Tensor:
    """True for each step (T,) at which (B, T, …) differ by more than rounding."""
    return torch.tensor([not _same(p, q) for p, q in zip(a.unbind(1), b.unbind(1), strict=True)])


CHECKS: tuple[Callable[[Subject], Finding | None], ...] = (
    not_finite,
    input_ignored,
    keeps_state,
    batch_mixed_with_time,
    leak_from_the_future,
    reads_padding,
    loss_broadcasts,
    without_gradient,
)
