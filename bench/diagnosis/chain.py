"""The stages in their order, and the verdict that they come to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from bench.diagnosis import flow as flows
from bench.diagnosis import trivial, use, wiring
from bench.diagnosis.findings import Diagnosis, Finding, Point, Verdict
from bench.diagnosis.fit import Fit, fit, held_out
from bench.diagnosis.flow import Flow
from bench.diagnosis.remedies import remedies
from bench.diagnosis.seen import BETTER, Seen, Settings
from bench.diagnosis.subject import Subject
from bench.languages import Message

EQUAL = 0.02
"""Relative difference of losses below which a model does no better than a simple predictor."""
SOLVED = 0.1
"""Share of the constant predictor's loss below which there is nothing left to learn."""
PROBED = 6_000
"""Steps of all sequences together that gradients are followed over."""
JUDGED = 20_000
"""Steps of all sequences together that a trained copy is judged on."""
ENDS = ("memory not needed", "trivial")
"""Verdicts on the task alone that explain whatever the gradient does, unless it explodes."""


def run(subject: Subject, settings: Settings) -> Diagnosis:
    """Go through the stages until one explains the failure; `subject` is checked."""
    some = _some(subject, torch.arange(subject.sequences), PROBED)
    double = some.doubled()
    wired = wiring.examine(double)
    if wired.verdict != "healthy":
        return Diagnosis(wired.verdict, wired.message, (wired,))
    seen = Seen(subject, double, settings, _followed(some, double))
    seen.levels = trivial.levels(subject)
    easy = _trivial(seen)
    path = _flow(seen)
    findings = [wired, easy, path]
    last = path
    if path.verdict != "explodes":
        if easy.verdict in ENDS and not (subject.trained and easy.verdict == "memory not needed"):
            last = easy
        elif path.verdict != "cut" or subject.trained:
            _train(seen)
            last = _use(seen, path, easy)
            findings.append(last)
    return _diagnosis(seen, tuple(findings), last)


def _some(subject: Subject, chosen: torch.Tensor, steps: int) -> Subject:
    """The first of these sequences, so many that they have no more steps in all, and a few in any case."""
    return subject.part(chosen[: max(trivial.FEWEST, steps // subject.steps)])


def _followed(subject: Subject, double: Subject) -> Flow:
    """The flow in double precision, unless the model's own has values that are not finite, or has no gradient."""
    own = subject.copied()
    own.model.eval()
    plain = flows.measure(own)
    return flows.measure(double) if plain.finite else plain


def _target_is_constant(seen: Seen) -> bool:
    return seen.levels is not None and seen.levels.constant < 1e-12


def _trivial(seen: Seen) -> Finding:
    levels = seen.levels
    if levels is None:
        message = Message("Too few sequences, or a loss of your own: simple predictors were not fitted.")
        return Finding("trivial", "cannot tell", message)
    numbers: dict[str, Any] = {"constant": levels.constant, "last_value": levels.last, "windows": levels.windows}
    if _target_is_constant(seen):
        return Finding("trivial", "trivial", Message("All targets are equal: a constant predicts them."), numbers)
    k = levels.enough(SOLVED * levels.constant)
    values = {"k": k or 0, "share": f"{min(levels.windows.values(), default=math.nan) / levels.constant:.0%}"}
    if k is not None and seen.settings.lag is None and k <= max(1, seen.needed // 2):
        message = Message(
            "A linear function of the newest {k} steps predicts held-out targets (its loss is {share} of the constant "
            "predictor's): no longer memory is needed.", values
        )  # fmt: skip
        return Finding("trivial", "memory not needed", message, numbers)
    message = Message(
        "The best linear function of the newest steps leaves {share} of the constant predictor's loss.", values
    )
    return Finding("trivial", "healthy", message, numbers)


def _flow(seen: Seen) -> Finding:
    flow, need = seen.flow, seen.needed
    numbers: dict[str, Any] = {"loss": flow.loss, "needed": need, "states": flows.states(flow)}
    if not flow.finite:
        message = Message("The first value that is not finite is in {place}.", {"place": flow.problem})
        return Finding("flow", "explodes", message, numbers)
    if flow.unknown:
        message = Message("Inputs are whole numbers that reach no nn.Embedding: no gradient can be followed to them.")
        return Finding("flow", "cannot tell", message, numbers)
    cut = _cut(seen, numbers)
    if cut is not None:
        return cut
    decay = flow.fitted
    numbers |= {name: getattr(decay, name) for name in ("rate", "r2", "power_r2", "half_life", "reach")}
    values = {
        "rate": f"{decay.rate:+.3f}", "half": f"{decay.half_life:.1f}", "reach": decay.reach, "need": need,
    }  # fmt: skip
    if math.isnan(decay.rate):
        message = Message("There are too few steps to measure a decay.")
        return Finding("flow", "healthy" if decay.reach >= need else "cannot tell", message, numbers)
    if flow.explodes:
        growth = math.exp(min(700.0, flow.growth))
        message = Message(
            "The gradient explodes: it grows {factor}-fold over {n} steps ({rate} nats a step).",
            values | {"factor": f"{growth:.3g}", "n": decay.last_lag},
        )
        return Finding("flow", "explodes", message, numbers)
    if decay.reach < need:
        message = Message(
            "The gradient vanishes: it changes by {rate} nats a step, halves every {half} steps, and reaches {reach} "
            "of {need} steps with a hundredth of its norm.", values
        )  # fmt: skip
        return Finding("flow", "vanishes", message, numbers)
    message = Message("The gradient reaches all {need} steps ({rate} nats a step).", values)
    return Finding("flow", "healthy", message, numbers)


def _cut(seen: Seen, numbers: dict[str, Any]) -> Finding | None:
    flow = seen.flow
    if not np.isfinite(flow.back).any():
        message = Message("No gradient reaches the inputs, though outputs depend on them: something detaches them.")
        return Finding("cut", "cut", message, numbers | {"cut_at": 0})
    at = flow.cut_at()
    if at is None or at > seen.needed:
        return None
    used = _reads_beyond(seen.double, at)
    reason = (
        Message("outputs depend on older inputs, so something detaches or truncates there")
        if used
        else Message("outputs do not depend on older inputs either, so the model sees a window")
    )
    message = Message(
        "The gradient is exactly 0 beyond the newest steps ({k} of {all}): {reason}. What lies further back cannot be "
        "learnt.",
        {"k": at, "all": seen.subject.steps, "reason": reason},
    )
    return Finding("cut", "cut", message, numbers | {"cut_at": at, "outputs_depend": used})


def _reads_beyond(double: Subject, k: int) -> bool:
    """Return True if the last output changes with inputs older than the newest k steps."""
    changed = use.replaced(double.front(double.batch.x), double.steps - k)
    before, after = (s.newest(s.copied().run().out) for s in (double, double.with_x(changed)))
    return not torch.allclose(before, after, rtol=0, atol=1e-12)


def _train(seen: Seen) -> None:
    """Train a copy, or take the model as it is if it was trained and does better than a constant."""
    subject = seen.subject
    if subject.sequences < trivial.FEWEST:
        return
    judge = _some(subject, trivial.divided(subject)[1], JUDGED)
    if subject.trained:
        level = held_out(judge)
        _look_at_use(seen, judge)
        seen.fit = Fit(subject, 0, 0.0, level, level, True)
        if seen.beats(level) or not math.isfinite(seen.constant):
            return
    train = subject.part(trivial.divided(subject)[0])
    seen.fit = fit(train, judge, seen.settings.updates, seen.settings.seconds)
    _look_at_use(seen, replace(judge, model=seen.fit.subject.model))


def _look_at_use(seen: Seen, judge: Subject) -> None:
    """Measure what a trained model uses, and its loss with another sequence's inputs in the place of each."""
    seen.use = use.measure(judge)
    seen.shuffled = held_out(judge.with_x(judge.front(judge.batch.x).roll(1, 0)))


def _use(seen: Seen, path: Finding, easy: Finding) -> Finding:
    """The last stage: what of the past the trained model's loss depends on, and the verdict that follows."""
    if seen.fit is None:
        n = seen.subject.sequences
        message = Message(
            "{n} sequences are too few to train on some and judge on others: give at least {least}.",
            {"n": n, "least": trivial.FEWEST},
        )
        return Finding("use", "cannot tell", message, {"sequences": n}) if path.verdict == "healthy" else path
    numbers: dict[str, Any] = {
        "held_out": seen.fit.held_out, "fitted": seen.fit.fitted, "updates": seen.fit.updates,
        "learning_rate": seen.fit.learning_rate, "constant": seen.constant,
    }  # fmt: skip
    if seen.use is not None:
        numbers |= {"horizon_used": _horizon(seen), "losses": seen.use.losses}
    verdict, message = _stuck(seen) or (easy.verdict, easy.message)
    if verdict not in ENDS:
        verdict, message = _concluded(seen, path)
    return Finding("use", verdict, message, numbers)


def _horizon(seen: Seen) -> int | None:
    """Number of newest steps that the trained model uses; 0 where it does no better than without inputs."""
    if seen.use is None or seen.fit is None:
        return None
    return seen.use.horizon if seen.learnt else 0


def _concluded(seen: Seen, path: Finding) -> tuple[Verdict, Message]:
    fit, used, need = seen.fit, _horizon(seen), seen.needed
    assert fit is not None
    values = {
        "loss": f"{fit.held_out:.3g}", "constant": f"{seen.constant:.3g}", "used": used, "need": need,
        "updates": fit.updates,
    }  # fmt: skip
    if not math.isfinite(fit.held_out):
        return "explodes", Message(
            "The gradient at the start is finite, but the loss of a copy is not after {updates} plain updates: look "
            "for a logarithm, root or quotient of 0, and for numbers of 16 bits.", values
        )  # fmt: skip
    if not seen.learnt:
        return _nothing_learnt(seen, path, values)
    if used is not None and used > need:
        return "healthy", Message(
            "The model uses the newest {used} steps, with a loss of {loss} where a constant has {constant}: look for "
            "the cause elsewhere.", values
        )  # fmt: skip
    if seen.settings.lag is not None:
        if path.verdict == "vanishes":
            return _confirmed(path, values)
        return "reached, not used", Message(
            "The gradient reaches {need} steps back, but the model uses only the newest {used}.", values
        )
    k = seen.comparable.enough((1 + EQUAL) * fit.held_out) if seen.comparable else None
    if k is not None and k <= need // 2:
        return "memory not needed", Message(
            "A linear function of the newest {k} steps does as well as the model ({loss}): nothing here shows that "
            "more memory is needed.", values | {"k": k}
        )  # fmt: skip
    if fit.held_out < SOLVED * seen.constant and used is not None and used <= need // 4:
        return "memory not needed", Message(
            "The model solves the task (loss {loss}, a constant has {constant}) from its newest {used} steps.", values
        )
    if fit.held_out < SOLVED * seen.constant or used is None or used > need // 2:
        return "healthy", Message(
            "The model learns (loss {loss}, a constant has {constant}) from its newest {used} steps: look for the "
            "cause elsewhere.", values
        )  # fmt: skip
    if path.verdict == "vanishes":
        return _confirmed(path, values)
    return "reached, not used", Message(
        "The gradient reaches {need} steps back, but the model uses only the newest {used}.", values
    )


def _stuck(seen: Seen) -> tuple[Verdict, Message] | None:
    """Judge a trained model that does no better than a simple predictor, though something does."""
    fit, levels = seen.fit, seen.comparable
    if not seen.subject.trained or fit is None or levels is None:
        return None
    judge = _some(seen.subject, trivial.divided(seen.subject)[1], JUDGED)
    own = held_out(judge)
    values = {
        "own": f"{own:.3g}", "loss": f"{fit.held_out:.3g}", "constant": f"{seen.constant:.3g}", "updates": fit.updates,
    }  # fmt: skip
    if own >= (1 - EQUAL) * levels.constant and seen.beats(fit.held_out):
        return "trivial", Message(
            "The loss is the constant predictor's ({own}, {constant}), yet a copy of the model reaches {loss} after "
            "{updates} plain updates on this batch: the cause is in the training, its rate, loop or budget.", values
        )  # fmt: skip
    better = min([*levels.windows.values(), fit.held_out])
    if abs(own - levels.last) <= EQUAL * levels.last and better < (1 - BETTER) * own:
        return "trivial", Message(
            "The loss is that of repeating the last value ({own}); a simple predictor of the same batch reaches "
            "{better}.",
            values | {"better": f"{better:.3g}"},
        )
    return None


def _confirmed(path: Finding, values: dict[str, Any]) -> tuple[Verdict, Message]:
    """The verdict on the gradient, with what training a copy came to."""
    return path.verdict, Message(
        "{flow} After {updates} updates on this batch, a copy has a loss of {loss}, the constant predictor one of "
        "{constant}.", values | {"flow": path.message}
    )  # fmt: skip


def _nothing_learnt(seen: Seen, path: Finding, values: dict[str, Any]) -> tuple[Verdict, Message]:
    fit = seen.fit
    assert fit is not None
    if path.verdict != "healthy":
        return _confirmed(path, values)
    if fit.fitted < (1 - 3 * BETTER) * seen.constant:
        return "cannot tell", Message(
            "The model learns its {n} sequences by heart and predicts others no better than a constant: give more "
            "sequences.", {"n": len(trivial.divided(seen.subject)[0])}
        )  # fmt: skip
    if not fit.complete:
        return "cannot tell", Message(
            "The time was over after {updates} updates, and the loss ({loss}) is still the constant predictor's: allow "
            "more --seconds.", values
        )  # fmt: skip
    return "reached, not used", Message(
        "The gradient reaches {need} steps back, but after {updates} updates on this batch the loss ({loss}) is still "
        "the constant predictor's ({constant}).", values
    )  # fmt: skip


def _diagnosis(seen: Seen, findings: tuple[Finding, ...], last: Finding) -> Diagnosis:
    flow = seen.flow
    decay = flow.fitted
    starts = [flow, *_other_starts(seen)]
    low, high = flows.interval(np.concatenate([one.draws() for one in starts]))
    profile = flow.profile
    points = tuple(Point(k, math.exp(v)) for k, v in enumerate(profile) if not math.isnan(v)) if flow.finite else ()
    cut = next((f.numbers["cut_at"] for f in findings if f.verdict == "cut"), None)
    known = np.isfinite(profile).any()
    clip = flows.clipping(seen.double, seen.settings.clip) if flow.finite else {}
    found = Diagnosis(
        last.verdict, last.message, findings, decay.rate, low, high, decay.half_life,
        decay.reach if known else None, cut, _horizon(seen), clip, points,
    )  # fmt: skip
    found = replace(found, remedies=remedies(found, seen.subject.model, seen.needed, seen.settings.evidence))
    return replace(found, findings=(*findings, *_trials(seen, found)))


def _trials(seen: Seen, found: Diagnosis) -> Iterator[Finding]:
    """Yield the findings of the stages that are run only if they are asked for."""
    subject, wanted = seen.subject, seen.settings
    if wanted.ladder:
        from bench.diagnosis.ladder import climb

        yield climb(subject, wanted.seconds, seen.needed)
    if wanted.attempts:
        from bench.diagnosis.attempts import attempt

        yield attempt(subject, found.remedies, wanted.seeds, wanted.updates, wanted.seconds)


def _other_starts(seen: Seen) -> list[Flow]:
    """The flow of the same model with weights drawn anew, where they can be."""
    fresh = seen.subject.fresh
    if fresh is None or seen.subject.trained:
        return []
    some = _some(seen.subject, torch.arange(seen.subject.sequences), PROBED)
    others = [replace(some, model=fresh(seed)).doubled() for seed in range(1, seen.settings.seeds)]
    return [found for found in map(flows.measure, others) if found.finite]
