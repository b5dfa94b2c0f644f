"""Under which conditions a report's numbers hold: which pictures, which split, which machine, what really ran."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from benchbox.plan.facts import Ceiling, DataFacts
from benchbox.plan.spec import DataSpec, Plan
from benchbox.plan.words import rest_command
from benchbox.records.journal import settled
from benchbox.records.record import Actual, Environment, Record
from benchbox.report import text

TURNTABLES = ("coil20", "coil-20", "turntable")
NEIGHBOURS = "random splits of views are easy: neighbours 5° apart are near-duplicates"
DIGEST_SHOWN = 12
SKIPPED_NAMED = 5


def conditions(plan: Plan, records: Sequence[Record]) -> list[tuple[str, str]]:
    """Titled lines: Data, Split, Machine, Software, Placement, Ceiling, a Note for every fallback and warning."""
    lines = [*_data(plan, records), *_split(plan, records), *_machine(records)]
    lines += [("Placement", said) for said in _placements(records)]
    lines += [("Ceiling", said) for said in _ceilings(records)]
    return lines + [("Note", said) for said in _notes(plan, records)]


def unfinished(folder: Path, plan: Plan, records: Sequence[Record]) -> list[tuple[str, str]]:
    """How many of the runs have ended and what runs the rest, as a titled line; empty where all have."""
    ended = {record.spec for record in settled(records) if record.status != "interrupted"}
    missing = sum(spec not in ended for spec in plan.specs)
    if not missing:
        return []
    done = f"{len(plan.specs) - missing} of {text.plural(len(plan.specs), 'run')}"
    return [("Unfinished", f"{done}; {rest_command(plan.command, folder)} runs the rest")]


def _unique(values: Sequence[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def _data(plan: Plan, records: Sequence[Record]) -> list[tuple[str, str]]:
    seen = [(record.actual.data, record.actual.data_digest, len(record.actual.classes)) for record in records]
    if plan.facts is not None:
        facts = plan.facts.data
        seen.append((facts.title, facts.digest, len(facts.classes)))
    known = [f"{title}, {n} classes, content {digest[:DIGEST_SHOWN]}" for title, digest, n in seen if digest]
    lines = [("Data", said) for said in _unique(known)]
    skipped = plan.facts.data.skipped if plan.facts else ()
    if skipped:
        lines.append(("", f"{text.plural(len(skipped), 'file')} skipped: {', '.join(skipped[:SKIPPED_NAMED])}"))
    return lines


def _split(plan: Plan, records: Sequence[Record]) -> list[tuple[str, str]]:
    said = [_split_of(record.spec.data, record.actual) for record in records]
    if not any(said) and plan.facts is not None and plan.specs:
        said = [_split_of(plan.specs[0].data, plan.facts.data)]
    lines = [("Split", line) for line in _unique(said)]
    if lines and any(_is_easy(record) for record in records):
        lines.append(("", NEIGHBOURS))
    if plan.facts and plan.facts.data.twins:
        lines.append(("", _twins_text(plan.facts.data)))
    return lines


def _split_of(data: DataSpec, counts: Actual | DataFacts) -> str:
    return split_text(data, counts.train, counts.test, counts.validation)


def _twins_text(facts: DataFacts) -> str:
    others = "training pictures and those set aside" if facts.validation else "training pictures"
    return f"{facts.twins:,} held-out pictures have a twin, pixel for pixel, among the {others}"


def split_text(data: DataSpec, train: int, test: int, validation: int = 0) -> str:
    """`random 9:1, seed 0: 1,296 train, 144 held out`, or that all were shown; empty where counts are not known."""
    total = train + test + validation
    if not total:
        return ""
    if data.part == "all":
        return f"none: all {total:,} pictures"
    aside = f", {validation:,} set aside for choosing" if validation else ""
    return f"{_rule_text(data, total, test)}: {train:,} train, {test:,} held out{aside}"


def _rule_text(data: DataSpec, total: int, test: int) -> str:
    """The rule in words; the counts tell how many views each object has in all."""
    kind, number = data.rule.kind, data.rule.number
    if kind == "folders":
        return "as the folders give it"
    if kind == "views":
        return f"{number} of {number * total // (total - test)} views of each object, seed {data.split_seed}"
    if kind == "sector":
        return f"a sector of {number}°, seed {data.split_seed}"
    held_out = Fraction(data.test_fraction).limit_denominator(100)
    return f"random {held_out.denominator - held_out.numerator}:{held_out.numerator}, seed {data.split_seed}"


def _is_easy(record: Record) -> bool:
    """Whether held-out views of a turntable lie between training views."""
    named = f"{record.spec.data.source} {record.actual.data}".lower()
    is_random = record.spec.data.rule.kind == "random" and record.spec.data.part != "all"
    return is_random and any(name in named for name in TURNTABLES)


def _machine(records: Sequence[Record]) -> list[tuple[str, str]]:
    places = [record.environment for record in records if record.environment is not None]
    machines = _unique([_machine_text(place) for place in places])
    software = _unique([_software_text(place) for place in places])
    return [*(("Machine", said) for said in machines), *(("Software", said) for said in software)]


def _machine_text(place: Environment) -> str:
    base = f"{place.cpu}, {text.plural(place.cores, 'core')}, {text.size(place.memory)}, {place.system}"
    return base if place.device_name == place.cpu else f"{place.device_name} · {base}"


def _software_text(place: Environment) -> str:
    commit = f" ({place.commit[:DIGEST_SHOWN]})" if place.commit else ""
    return (
        f"benchbox {place.benchbox}{commit}, torch {place.torch}, torchvision {place.torchvision}, "
        f"Python {place.python}"
    )


def _placements(records: Sequence[Record]) -> list[str]:
    """What really ran, each distinct placement once; records of runs that never started say nothing."""
    return _unique([_placement_text(record) for record in records if record.actual.precision])


def _placement_text(record: Record) -> str:
    asked, actual, place = record.spec.placement, record.actual, record.environment
    words = [
        place.device if place else asked.device,
        actual.precision,
        actual.memory_format or asked.memory_format,
        "compiled" if asked.compile else "",
        "gathered batches" if asked.feed == "gather" else f"DataLoader with {text.plural(asked.workers, 'worker')}",
        text.plural(place.threads, "thread") if place and place.device == "cpu" else "",
    ]
    return ", ".join(word for word in words if word)


def _ceilings(records: Sequence[Record]) -> list[str]:
    """The fastest matrix product and copy that were seen before the first run, at each precision."""
    seen = [record.environment.ceiling for record in records if record.environment]
    return _unique([_ceiling_text(ceiling) for ceiling in seen if ceiling])


def _ceiling_text(ceiling: Ceiling) -> str:
    product, copy = text.flop(ceiling.flops_per_second), text.copy_rate(ceiling.copy_bytes_per_second)
    return f"{ceiling.precision} matrix product {product}/s, copy {copy} GB/s"


def _notes(plan: Plan, records: Sequence[Record]) -> list[str]:
    """Warnings of the plan, then every fallback with the architectures that it concerns."""
    concerned: dict[str, list[str]] = {}
    for record in records:
        for note in record.actual.notes:
            concerned.setdefault(note, []).append(record.spec.model.name)
    said = [f"{', '.join(_unique(models))}: {note}" for note, models in concerned.items()]
    return _unique([*plan.notes, *said])
