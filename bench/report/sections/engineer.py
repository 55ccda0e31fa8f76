"""Leads from what is seen of a network that does not learn, by a test, to a remedy and the evidence for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from bench.evidence.offers import offer
from bench.evidence.verdicts import ClaimVerdict
from bench.languages import words
from bench.report.document import Block, Code, Heading, Items, Rich, Text
from bench.report.section import ReportSection
from bench.report.sections.flow import LITTLE, RATE
from bench.report.verdicts import Verdicts


class Symptom(NamedTuple):
    """Something that is seen, how to find out its cause, and what helps. Code is for PyTorch."""

    name: str
    seen: str
    test: str
    look: str
    """Code of the test."""
    remedy: str
    offers: tuple[tuple[str, str], ...]
    """Techniques of `bench.evidence.offers`, with those that they replace."""
    before: str = ""
    """Code of what may be changed first, which stands by itself."""
    beside: tuple[str, ...] = ()
    """Further claims that say if the remedies help."""
    alone: bool = False
    """True if only these do: those of the offers are about something else."""

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """The English sentence and the code of each remedy: any one of them is a whole."""
        own = tuple((one.says, one.lines("rnn", "lag", "1.0")) for one in (offer(*names) for names in self.offers))
        return (("", self.before), *own) if self.before else own

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims whose verdict says if the remedies help."""
        offered = () if self.alone else (id for names in self.offers for id in offer(*names).claims)
        return tuple(dict.fromkeys([*self.beside, *offered]))


SYMPTOMS = (
    Symptom(
        "vanishes",
        words("The loss stays at the level of an answer that does not remember"),
        words(
            "The gradient may vanish on its way back. Print its norm by step: if it falls by the same factor with "
            "every step back, the early steps are lost. A factor of {factor} leaves {little} after {steps} steps."
        ),
        "x = x.requires_grad_()  # (batch, steps, inputs)\n"
        "outputs, _ = rnn(x)\n"
        "outputs[:, -1].square().sum().backward()\n"
        "print(x.grad.norm(dim=-1).mean(dim=0))  # one number per step",
        words("Each of these is a remedy by itself:"),
        (("gru", "tanh"), ("orthogonal", "tanh"), ("residual-time", "tanh")),
    ),
    Symptom(
        "explodes",
        words("The loss jumps, or is not a number any more"),
        words("The gradient may explode. Log its norm: peaks of ten times the median are explosions."),
        "norm = nn.utils.get_total_norm(p.grad for p in model.parameters() if p.grad is not None)",
        words("Clip it by its norm, at about the median of what you logged:"),
        (("clip-norm", "tanh"),),
    ),
    Symptom(
        "cut",
        words("Short dependencies are learned, and none that are longer than some number of steps"),
        words(
            "The gradient may be cut. Where the state is detached every few steps, as in truncated BPTT, the norm in "
            "the first test is exactly zero beyond that."
        ),
        "print((x.grad.norm(dim=-1) == 0).all(dim=0).sum())  # steps that no gradient reaches",
        words("Use windows that are longer than the lag that matters; carry the state over from one to the next:"),
        (("tbptt", "tbptt"),),
        beside=("S24",),
    ),
    Symptom(
        "dead",
        words("Many units of a ReLU network are zero for every input"),
        words("They are dead: no gradient goes through them. Count them on a batch:"),
        "print((outputs <= 0).all(dim=(0, 1)).float().mean())  # share of dead units",
        words("Lower the learning rate, or do without ReLU in the recurrence."),
        (("gru", "tanh"),),
        before="optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)  # or less",
        beside=("S13", "S11"),
        alone=True,
    ),
)


class Engineer(ReportSection):
    """A heading a symptom."""

    name = "engineer"
    order = 17
    title = words("If your network does not learn")
    brief = True

    def blocks(self) -> Iterator[Block]:
        yield Text(
            self.words(
                "What you see, how to test for the cause, what to change, and what this report found of it. One "
                "command runs these tests and others on a model of your own, and tries remedies: "
                "bptt-bench diagnose model.py:Net --batch batch.npz"
            )
        )
        for symptom in SYMPTOMS:
            yield Heading(self.words(symptom.seen), f"symptom-{symptom.name}", listed=False, plain=True)
            yield Text(self.words(symptom.test, **self._example()))
            yield Code(symptom.look)
            yield Text(self.words(symptom.remedy))
            for says, code in symptom.changes:
                if says and len(symptom.changes) > 1:
                    yield Text(self.words(says))
                yield Code(code)
            if evidence := tuple(self._evidence(symptom.claims)):
                yield Items(evidence, "said")

    def _example(self) -> dict[str, str]:
        """Give an example of a factor, and of the steps after which little is left."""
        return {
            "factor": self.numbers.factor(math.exp(RATE)),
            "little": self.numbers.percent(LITTLE),
            "steps": self.numbers.count(math.ceil(math.log(LITTLE) / RATE)),
        }

    def _evidence(self, ids: tuple[str, ...]) -> Iterator[Rich]:
        """Yield the verdicts on claims that anything is known of, each with its reason."""
        for verdicts, claim in self._known(ids):
            chip = verdicts.chip(claim.verdict, claim.claim)
            yield (chip, " ", verdicts.says(claim), self.words.rules.colon, verdicts.reason(claim))

    def _known(self, ids: tuple[str, ...]) -> Iterator[tuple[Verdicts, ClaimVerdict]]:
        families = [self.page.verdicts, *(Verdicts(self.say, None, family) for family in self.findings.others.values())]
        for verdicts in families:
            yield from ((verdicts, claim) for claim in verdicts.all if claim.claim in ids and verdicts.run(claim))
