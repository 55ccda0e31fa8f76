"""A diagnosis as data: its verdict, the findings of its stages, the gradient's profile and the remedies."""

from __future__ import annotations

import html
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bench.languages import Message, language

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
"""The version of the JSON; it rises when a field changes its meaning."""

Verdict = Literal[
    "wiring",
    "trivial",
    "cut",
    "vanishes",
    "explodes",
    "reached, not used",
    "memory not needed",
    "healthy",
    "cannot tell",
]
Stage = Literal["wiring", "trivial", "cut", "flow", "use", "ladder", "try"]


def english(message: Message) -> str:
    """Put a message into English."""
    return language("en")(message)


@dataclass(frozen=True)
class Finding:
    """The outcome of one stage."""

    stage: Stage
    verdict: Verdict
    """`healthy` if the stage found nothing that explains a failure."""
    message: Message
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def says(self) -> str:
        """The finding as an English sentence."""
        return english(self.message)

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {"stage": self.stage, "verdict": self.verdict, "says": self.says, "numbers": self.numbers}


@dataclass(frozen=True)
class Remedy:
    """Something to change, and the evidence that it helps."""

    technique: str
    message: Message
    basis: Message
    """The claim, effect, interval and runs that it rests on; 'none' if there are no such runs."""
    code: str
    """The change, as lines of Python."""
    changes_model: bool = False
    """True if the lines change the model by themselves, so that they can be tried."""

    @property
    def says(self) -> str:
        """The advice as an English sentence."""
        return english(self.message)

    @property
    def evidence(self) -> str:
        """The basis as an English clause."""
        return english(self.basis)

    def to_dict(self) -> dict[str, Any]:
        """The remedy as JSON has it."""
        return {"technique": self.technique, "says": self.says, "evidence": self.evidence, "code": self.code}


@dataclass(frozen=True)
class Point:
    """A gradient's norm, so many steps before the step that is scored."""

    steps_back: int
    norm: float


@dataclass(frozen=True)
class Diagnosis:
    """The reason why a model does not learn, as far as it can be told."""

    verdict: Verdict
    message: Message
    findings: tuple[Finding, ...] = ()
    decay: float = math.nan
    """Nats a step further back; negative where the gradient shrinks."""
    decay_low: float = math.nan
    decay_high: float = math.nan
    """Ends of the 95 % interval over sequences and new starts."""
    half_life: float = math.nan
    """Steps in which the gradient halves; infinite if it does not shrink."""
    reach: int | None = None
    """The most steps back at which the gradient keeps a hundredth of its norm."""
    cut_at: int | None = None
    """Number of steps that the gradient reaches before it is exactly 0; None if it is not cut."""
    horizon_used: int | None = None
    """Number of newest steps that carry what the model's loss depends on; None if that was not measured."""
    clip: dict[str, float] = field(default_factory=dict)
    """Quantiles of the whole gradient's norm over parts of the batch, and the share above the threshold."""
    profile: tuple[Point, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as JSON has it; numbers that are not finite are left to whoever writes it."""
        numbers = ("decay", "decay_low", "decay_high", "half_life", "reach", "cut_at", "horizon_used", "clip")
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "says": self.says,
            "findings": [finding.to_dict() for finding in self.findings],
            **{name: getattr(self, name) for name in numbers},
            "profile": [asdict(point) for point in self.profile],
            "remedies": [remedy.to_dict() for remedy in self.remedies],
        }

    @property
    def says(self) -> str:
        """The verdict's reason as an English sentence."""
        return english(self.message)

    def to_frame(self) -> pd.DataFrame:
        """The profile as a table: `steps_back`, `norm`."""
        import pandas as pd

        return pd.DataFrame([asdict(point) for point in self.profile], columns=["steps_back", "norm"])

    def __str__(self) -> str:
        return f"{self.verdict}: {self.says}"

    def _repr_html_(self) -> str:
        """Show verdict and findings in a notebook."""
        rows = "".join(
            f"<tr><td>{html.escape(f.stage)}</td><td>{html.escape(f.verdict)}</td>"
            f"<td style='text-align:left'>{html.escape(f.says)}</td></tr>"
            for f in self.findings
        )
        return f"<p><b>{html.escape(self.verdict)}</b>: {html.escape(self.says)}</p><table>{rows}</table>"
