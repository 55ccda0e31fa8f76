"""`bptt-bench diagnose`: why one's own sequence model does not learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bench.cli.console import echo, say, show_sheet, to_json
from bench.cli.diagnosis_options import (
    EVERY,
    FAILURES,
    BatchOption,
    CausalOption,
    CheckpointOption,
    DataOption,
    FailOption,
    LadderOption,
    LagOption,
    LanguageOption,
    LossOption,
    ModelArgument,
    OutputOption,
    SecondsOption,
    StartsOption,
    TimeOption,
    TryOption,
)
from bench.cli.options import JsonOption, StoreOption, split
from bench.cli.verb import verb
from bench.errors import FAILED, BenchError
from bench.languages import language

if TYPE_CHECKING:
    from bench.diagnosis.evidence import Evidence
    from bench.diagnosis.findings import Diagnosis


@verb("Look around", 50)
def diagnose(
    model: ModelArgument,
    batch: BatchOption = None,
    data: DataOption = None,
    checkpoint: CheckpointOption = None,
    loss: LossOption = None,
    time_dim: TimeOption = 1,
    causal: CausalOption = False,
    lag: LagOption = None,
    seeds: StartsOption = 5,
    seconds: SecondsOption = 60,
    ladder: LadderOption = False,
    try_remedies: TryOption = False,
    fail_on: FailOption = EVERY,
    as_json: JsonOption = False,
    output: OutputOption = None,
    languages: LanguageOption = None,
    store: StoreOption = None,
) -> None:
    """Find out why a model of your own does not learn. Exit code 0: healthy; 1: a finding; 2: bad input.

    Your code runs as it is, on copies of the model and on one batch. With --store, remedies rest on that store's
    verdicts; without it, on what one run of the benchmark found.
    """
    failing = _failing(fail_on)
    codes = split(languages)
    for code in codes or ():
        language(code)
    found = _diagnosis(
        model, batch, data, checkpoint, loss, store, time_dim=time_dim, causal=causal, lag=lag, seeds=seeds,
        seconds=seconds, ladder=ladder, attempts=try_remedies,
    )  # fmt: skip
    if output is not None:
        _write(found, model, output, codes, store)
    if as_json:
        echo(to_json(found.to_dict()))
    else:
        show_sheet(_sheet(found))
    if found.verdict in failing:
        raise typer.Exit(FAILED)


def _failing(text: str) -> set[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    unknown = [kind for kind in kinds if kind not in FAILURES]
    if unknown:
        raise BenchError(f"--fail-on takes {', '.join(FAILURES)}, not '{unknown[0]}'.")
    return {verdict for kind in kinds for verdict in FAILURES[kind]}


def _diagnosis(
    model: str, batch: str | None, data: str | None, checkpoint: Path | None, loss: str | None, store: str | None,
    **settings: Any,
) -> Diagnosis:  # fmt: skip
    if batch is not None and data is not None:
        raise BenchError("Give --batch or --data, not both.")
    from bench.containment import aside
    from bench.diagnosis import loading
    from bench.diagnosis.api import diagnose as diagnosed
    from bench.diagnosis.evidence import Evidence

    evidence = Evidence() if store is None else _evidence_of(store)
    make = loading.maker(model)
    made = make(0)
    if batch is not None:
        given = loading.batch_file(batch)
    elif data is not None:
        given = loading.loaded_batch(data)
    elif callable(own := getattr(made, "train_dataloader", None)):
        given = loading.own_batch(own, model)
    else:
        raise BenchError("Give the data: --batch FILE.npz with x and y, or --data module:loader.")
    if checkpoint is not None:
        loading.restore(made, checkpoint)
    say("Your code runs now: the model, on copies and on one batch.")
    with aside():
        return diagnosed(
            made,
            given,
            loading.loss_named(loss),
            trained=checkpoint is not None,
            fresh=make,
            evidence=evidence,
            **settings,
        )


def _evidence_of(store: str) -> Evidence:
    """The verdicts of a store; of one without results, what comes with the program."""
    from bench.diagnosis.evidence import Evidence
    from bench.tracking import Store

    opened = Store.open(store, create=False)
    try:
        return Evidence(opened)
    except BenchError as error:
        say(f"Remedies rest on what comes with the program: {error}")
        return Evidence()


def _write(found: Diagnosis, model: str, output: Path, codes: list[str] | None, store: str | None) -> None:
    """Write the files, and record them in MLflow."""
    from bench.diagnosis.document import write
    from bench.errors import BusyError
    from bench.tracking import Store
    from bench.tracking.diagnoses import write_diagnosis

    files = write(found, model, output, codes)
    say(f"Written: {', '.join(map(str, files))}.")
    opened = Store.open(store)
    try:
        with opened.lock():
            write_diagnosis(opened, model, found.to_dict(), files)
    except BusyError as error:
        say(f"Not recorded in MLflow: {error}")


def _sheet(found: Diagnosis) -> dict[str, list[str]]:
    sheet: dict[str, list[str]] = {"verdict": [found.verdict], "because": [found.says]}
    sheet |= {finding.stage: [finding.says] for finding in found.findings if finding.says != found.says}
    if found.reach is not None:
        sheet["gradient"] = [
            f"{found.decay:+.3f} nats a step (95 % interval {found.decay_low:+.3f} to {found.decay_high:+.3f}), "
            f"half-life {found.half_life:.1f} steps, reach {found.reach} steps"
        ]
    if found.clip:
        clip = found.clip
        sheet["clipping"] = [
            f"norms: median {clip['median']:.3g}, nine tenths below {clip['quantile_90']:.3g}; clipping at "
            f"{clip['threshold']:g} would cut {clip['share']:.0%}"
        ]
    for remedy in found.remedies:
        sheet[f"try: {remedy.technique}"] = [remedy.says, f"Evidence: {remedy.evidence}.", *remedy.code.splitlines()]
    return sheet
