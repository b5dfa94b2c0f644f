"""What a plan asks of the engine for one of its runs."""

from pathlib import Path

from benchbox.plan.facts import Ceiling
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import Plan, RunSpec


def make_request(
    plan: Plan,
    place: int,
    *,
    name: str,
    folder: Path,
    dataset: Path,
    epoch_seconds: float | None = None,
    resumes: bool = False,
) -> RunRequest:
    """The request for the run at `place` of the plan, which leaves its files in `folder` under `name`."""
    spec = plan.specs[place]
    return RunRequest(
        spec=spec,
        name=name,
        folder=str(folder),
        dataset=str(dataset),
        keeps_checkpoints=plan.keeps_checkpoints,
        resumes=resumes,
        epoch_seconds=epoch_seconds,
        model=spec.model.name if spec.model.name in plan.trusted else None,
        ceiling=_ceiling(plan, spec),
        # One process shows where the time goes as well as several.
        profiles=plan.profiles and spec.repeat == 0,
        robustness=plan.robustness,
    )


def _ceiling(plan: Plan, spec: RunSpec) -> Ceiling | None:
    if plan.facts is None:
        return None
    machine, place = plan.facts.machine, spec.placement
    threads = machine.threads if place.threads is None else place.threads
    return machine.ceiling(device=place.device, precision=place.precision, threads=threads)
