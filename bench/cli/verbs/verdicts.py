"""`bptt-bench verdicts`: what the results say of the source's claims."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.console import echo, say, show_table, to_json
from bench.cli.options import JsonOption, PluginOption, StoreOption, load_plugins, split, warn_of_cut_off
from bench.cli.verb import verb
from bench.errors import BenchError

if TYPE_CHECKING:
    from bench.evidence.scope import Reading
    from bench.evidence.shortfalls import Shortfall
    from bench.evidence.verdicts import ClaimVerdict

COLOURS = {
    "verdict": {
        "supported": "green",
        "weakly supported": "green",
        "in part": "cyan",
        "practically equal": "blue",
        "weakly contradicted": "red",
        "contradicted": "red",
        "undecided": "yellow",
        "cannot tell": "bright_black",
        "not run": "bright_black",
    }
}


@verb("See the results", 210)
def verdicts(
    store: StoreOption = None,
    claim: Annotated[
        list[str] | None, typer.Option(metavar="IDS", help="Claims to show, such as S06,S15; by default all.")
    ] = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge each of the source's claims against the stored results.

    Each claim comes with its verdict, the effect and its 95 % interval, the number of pairs of runs (n), how many other
    analyses agree (robust), and the reason; of a claim of several parts, these are the numbers of the part that is
    named. A summary goes to standard error; where the store is too thin for a conclusion, it says why."""
    load_plugins(plugin)
    from bench.evidence.claims import SOURCE, claims_hash, families
    from bench.evidence.scope import Reading
    from bench.evidence.shortfalls import shortfalls
    from bench.evidence.verdicts import judge_families
    from bench.evidence.wording import as_worded_record
    from bench.languages import language
    from bench.records.study import MAIN
    from bench.tracking import Store

    known = families()
    chosen = _chosen([[each.id for each in claims] for claims in known.values()], split(claim))
    opened = Store.open(store, create=False)
    warn_of_cut_off(opened)
    read = Reading(opened)
    _warn_of_left_out(read)
    by_family = judge_families(read)
    judged = [verdict for verdicts in by_family.values() for verdict in verdicts if verdict.claim in chosen]
    hashes = {family: claims_hash(claims) for family, claims in known.items()}
    whose = {verdict.claim: family for family, verdicts in by_family.items() for verdict in verdicts}
    if as_json:
        about = {name: {"family": family, "claims_hash": hashes[family]} for name, family in whose.items()}
        echo(to_json([as_worded_record(verdict, language("en")) | about[verdict.claim] for verdict in judged]))
    else:
        show_table(_rows(judged), COLOURS)
        say("; ".join(f"Hash of the claims of {family}: {hashes[family]}" for family in by_family))
    say(_summary(judged, shortfalls(read.arms[MAIN], by_family[SOURCE])))


def _warn_of_left_out(read: "Reading") -> None:
    """Say how many runs of the store count in no verdict."""
    if count := sum(int(scope.left_out.members.sum()) for scope in read.arms.values()):
        say(
            f"Left out: {count:,} runs that follow another protocol or older code than the newest, or were "
            "measured with other seeds than the newest study begins with. The report lists them."
        )


def _summary(judged: "list[ClaimVerdict]", short: "list[Shortfall]") -> str:
    """Count the verdicts; of a store too thin for a conclusion, say so instead."""
    from bench.evidence.shortfalls import headline, reasons
    from bench.languages import language

    english = language("en")
    if short:
        text = f"{headline(short, english)}. {english.joined(*reasons(short, english))}"
        return f"{text} Do not rely on verdicts about training."
    counts = Counter[str](verdict.verdict for verdict in judged)
    told = [f"{counts[name]} {name}" for name in COLOURS["verdict"] if counts[name]]
    return f"{len(judged)} claims: {', '.join(told)}."


def _chosen(families: list[list[str]], ids: list[str] | None) -> list[str]:
    """Return the claims that are asked for, before any is judged, which takes its time."""
    every = [claim for claims in families for claim in claims]
    for unknown in (claim for claim in ids or () if claim not in every):
        known = ", ".join(f"{claims[0]} to {claims[-1]}" for claims in families)
        raise BenchError(f"Unknown claim '{unknown}': claims are {known}; see 'list claims'.")
    return every if ids is None else ids


def _rows(judged: "list[ClaimVerdict]") -> list[dict[str, str]]:
    """A row per claim, with the words of the claim and a blank between an interval and its unit."""
    from bench.evidence import wording
    from bench.languages import language

    english, rows = language("en"), []
    for verdict in judged:
        line = wording.as_line(verdict, english)
        line["effect"] = line["effect"].replace(f"]{verdict.unit}", f"] {verdict.unit}").rstrip()
        rows.append({"claim": line.pop("claim"), "says": wording.says(verdict.claim, english), **line})
    return rows
