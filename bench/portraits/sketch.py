"""Portraits as lines of text, for terminals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bench.portraits.model import How, Layer, TaskPortrait, TechniquePortrait
from bench.portraits.notes import notes

BARS = " ▁▂▃▄▅▆▇█"
LINKS = ((0.5, "━━"), (0.1, "──"), (0.01, "╌╌"), (0.0, "··"))
"""Least share of the gradient that comes back on a way, and how that way looks."""
NONE, CUT, LEFT_OUT = "  ", "╫ ", "⋯ "
CELL = 6
HOW: dict[How, str] = {
    "matrix": "through a matrix",
    "mixed": "mostly each unit by itself, the rest through a matrix",
    "elementwise": "each unit by itself",
    "unchanged": "unchanged",
}
FAR = (5, 10, 20)
"""Steps back of which the share is told."""
AT_ONCE = 40
"""Most steps of an example that stand side by side."""


def of_technique(portrait: TechniquePortrait) -> list[str]:
    """The unrolled network, a row a state: the gradient's share in percent, and how much comes back between steps."""
    shown = portrait.shown[::-1]
    rows = [_row(f"{place}{state}", cells) for place, state, cells in _states(portrait)]
    names = ["T" if lag == 0 else f"T−{lag}" for lag in shown]
    head = _row("in %", [name.rjust(CELL) + "  " for name in names]).rstrip()
    return [head, *rows, *_ways(portrait), *_far(portrait), *notes(portrait)]


def _row(name: str, cells: list[str]) -> str:
    return f"{name:>5} {' '.join(cells)}".rstrip()


def _states(portrait: TechniquePortrait) -> Iterator[tuple[str, str, list[str]]]:
    """The layer, the state and the cells of each row, from the top down; what is read comes last."""
    several = len(portrait.layers) > 1
    for number, layer in reversed(list(enumerate(portrait.layers, start=1))):
        place = f"{number} " if several else ""
        for lane in layer.lanes:
            links = _links(portrait, layer, lane.state)
            top = number == len(portrait.layers) and lane is layer.lanes[0]
            links[-1] = "━▶ loss" if top else NONE
            yield place, lane.state, [_cell(s) + link for s, link in zip(lane.shares[::-1], links, strict=True)]
        if not layer.lanes:
            yield place, "", [_cell(s) + NONE for s in layer.inputs[::-1]]
    yield "", "x", ["x".rjust(CELL) + NONE] * len(portrait.shown)


def _cell(share: float) -> str:
    """A bar and the share in percent."""
    bar = BARS[min(len(BARS) - 1, round(share * (len(BARS) - 1)))]
    percent = 100 * share
    text = "0" if not percent else f"{percent:.0f}" if percent >= 1 else f"{percent:.1g}" if percent >= 0.01 else "<.01"
    return f"{bar}{text.rjust(CELL - 1)}"


def _links(portrait: TechniquePortrait, layer: Layer, state: str) -> list[str]:
    """Give the signs behind each step but the last: how much comes back to it from the next one, of the same state."""
    wire = next((w for w in layer.wires if w.back and w.start == w.end == state), None)
    found = []
    for place, (near, far) in enumerate(pairwise(portrait.shown)):
        if far == portrait.cut:
            found.append(CUT)
        elif far - near > 1:
            found.append(LEFT_OUT)
        else:
            share = wire.shares[place] if wire else 0.0
            found.append(next((link for least, link in LINKS if share > least), NONE))
    return [*found[::-1], NONE]


def _ways(portrait: TechniquePortrait) -> list[str]:
    """The ways between states, those of equal layers once."""
    ways = [
        f"{wire.start} → {wire.end}{'' if wire.back else ' within a step'}: {HOW[wire.how]}"
        for layer in portrait.layers
        for wire in layer.wires
    ]
    if any(not layer.lanes for layer in portrait.layers):
        ways.append("x → T: sees all steps at once")
    if any(layer.skip for layer in portrait.layers):
        ways.append("beside a layer: what it reads is passed on")
    return list(dict.fromkeys(ways))


def _far(portrait: TechniquePortrait) -> list[str]:
    """The share that is left many steps back."""
    lane = next((layer.lanes[0] for layer in portrait.layers if layer.lanes), None)
    logs = lane.log10 if lane else portrait.inputs
    told = [f"{_percent(logs[back])} after {back}" for back in FAR]
    return [f"left of the gradient at {lane.state if lane else 'x'}: {', '.join(told)} steps"]


def _percent(log10: float | None) -> str:
    return "nothing" if log10 is None else f"{100 * 10**log10:.2g} %"


def of_task(portrait: TaskPortrait) -> list[str]:
    """An example: what is read, step by step, and below it what is to be answered."""
    head = f"an example at lag {portrait.lag}, {portrait.steps} steps"
    if portrait.symbols:
        return [head, *_side_by_side(portrait)]
    if portrait.side:
        side = portrait.side
        pixels = (portrait.inputs[0][start : start + side] for start in range(0, side * side, side))
        return [head, *map(_bars, pixels), _row_of("answer", _spelt(portrait.last_answer))]
    asked = [answer for answer in portrait.answers if isinstance(answer, float)]
    start = min(portrait.first_scored, max(0, portrait.steps - AT_ONCE)) if len(asked) > 1 else 0
    end = min(portrait.steps, start + AT_ONCE)
    rows = [_row_of("" if number else "input", _bars(row[start:end])) for number, row in enumerate(portrait.inputs)]
    if len(asked) < 2:
        return [head, *rows, _row_of("answer", _spelt(portrait.last_answer))]
    if end - start < portrait.steps:
        head += f", of which {start + 1} to {end}"
    ahead = max(0, portrait.first_scored - start)
    skipped = max(0, start - portrait.first_scored)
    answers = asked[skipped : skipped + end - start - ahead]
    return [head, *rows, _row_of("answer", " " * ahead + _bars(answers))]


def _row_of(name: str, text: str) -> str:
    return f"{name:7}{text}".rstrip()


def _side_by_side(portrait: TaskPortrait) -> list[str]:
    answers = ["?"] * portrait.first_scored + [_spelt(answer) or "?" for answer in portrait.answers]
    width = max(map(len, (*portrait.symbols, *answers)))
    both = (("input", portrait.symbols), ("answer", answers))
    return [f"{name:7}{' '.join(word.rjust(width) for word in row)}" for name, row in both]


def _bars(values: Sequence[float]) -> str:
    """Numbers as bars between the least and the largest."""
    least, largest = min(0.0, *values), max(values)
    scale = (len(BARS) - 1) / ((largest - least) or 1.0)
    return "".join(BARS[round(scale * (value - least))] for value in values)


def _spelt(answer: str | float | None) -> str:
    return answer if isinstance(answer, str) else "" if answer is None else f"{answer:.3g}"
