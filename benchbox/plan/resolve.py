"""Replaces what was left open ("auto", None) in a spec, once, by recipes and by what the machine can do."""

from collections.abc import Iterable

from msgspec.structs import replace

from benchbox.errors import ModelError, SpecError
from benchbox.plan.catalogue import CATALOGUE, canonical, is_foreign
from benchbox.plan.facts import DeviceFacts, Facts, MachineFacts
from benchbox.plan.recipes import recipe_for
from benchbox.plan.spec import Convolution, DataSpec, FitSpec, ModelSpec, PlacementSpec, RecipeName, RunSpec

# torch has no fused kernel for the others.
FUSED_OPTIMIZERS = ("adamw", "adam", "sgd")


def resolve(spec: RunSpec, facts: Facts) -> RunSpec:
    """The spec as it will run here. Raises ModelError or SpecError where it cannot."""
    model = resolve_model(spec.model, spec.data, spec.fit.recipe)
    return replace(
        spec,
        model=model,
        data=replace(spec.data, source=facts.data.source),
        fit=_resolve_fit(spec.fit, model.name),
        placement=replace(
            settle(spec.placement, facts.machine, shares_process=facts.shares_process),
            fused=spec.placement.fused and spec.fit.optimizer in FUSED_OPTIMIZERS,
            convolution=_resolve_convolution(spec.placement.convolution, model.name),
            feed="loader" if facts.data.is_streamed else spec.placement.feed,
        ),
    )


def resolve_model(model: ModelSpec, data: DataSpec, recipe: RecipeName = "own") -> ModelSpec:
    """The model with its own activation and dropout, and the recipe's init, filled in.

    Raises ModelError for an unknown name, a picture under the network's smallest, or a setting that a
    foreign network does not take.
    """
    name = canonical(model.name)
    if is_foreign(name):
        return _resolve_foreign(replace(model, name=name))
    architecture = CATALOGUE[name]
    if data.image_size < architecture.smallest:
        raise ModelError(
            f"{name} at image size {data.image_size}",
            allowed=f"{architecture.smallest} pixels or more",
            hint=f"use --image-size {architecture.smallest} or another architecture",
        )
    return ModelSpec(
        name=name,
        activation=architecture.activation if model.activation is None else model.activation,
        dropout=architecture.dropout if model.dropout is None else model.dropout,
        init=recipe_for(name, recipe).init if model.init == "auto" else model.init,
    )


def _resolve_foreign(model: ModelSpec) -> ModelSpec:
    refuse_zoo_settings(model)
    return replace(model, init="default")


def refuse_zoo_settings(model: ModelSpec) -> None:
    """Raises ModelError where a foreign network is asked for settings that only the zoo's take."""
    for field in ("activation", "dropout"):
        if getattr(model, field) is not None:
            raise ModelError(
                f"{model.name} with {field} {getattr(model, field)!r}",
                allowed=f"{field} only for the networks of the zoo",
                hint=f"leave --{field} out, or set it in the network's own code",
            )
    if model.init == "suited":
        raise ModelError(f"{model.name} with init 'suited'", allowed="a foreign network's own init")


def _resolve_fit(fit: FitSpec, name: str) -> FitSpec:
    recipe = recipe_for(name, fit.recipe)
    return replace(
        fit,
        epochs=recipe.epochs if fit.epochs is None else fit.epochs,
        batch_size=recipe.batch_size if fit.batch_size is None else fit.batch_size,
        lr=recipe.lr if fit.lr is None else fit.lr,
        weight_decay=recipe.weight_decay if fit.weight_decay is None else fit.weight_decay,
        schedule=recipe.schedule if fit.schedule is None else fit.schedule,
        label_smoothing=recipe.label_smoothing if fit.label_smoothing is None else fit.label_smoothing,
        augment=recipe.augment if fit.augment is None else fit.augment,
    )


def _resolve_convolution(asked: Convolution, name: str) -> Convolution:
    """Direct where no convolution of a network of the zoo has a faster form; a foreign one may have one."""
    return asked if is_foreign(name) or CATALOGUE[name].has_fast_convolution else "direct"


def settle(placement: PlacementSpec, machine: MachineFacts, *, shares_process: bool = False) -> PlacementSpec:
    """A placement with its device, precision, threads and use of memory decided.

    A run that `shares_process` with others keeps freed memory only where it is told to. Raises SpecError for a
    device that is not here, a precision that it does not compute, or more threads than cores.
    """
    device = find_device(placement.device, machine)
    precision = device.fastest if placement.precision == "auto" else placement.precision
    if precision not in device.precisions:
        raise SpecError.of(
            f"placement.precision on {device.name}",
            precision,
            allowed=", ".join(device.precisions),
            hint="leave --precision out to take the fastest",
        )
    if placement.threads is not None and placement.threads > machine.cores:
        raise SpecError.of("placement.threads", placement.threads, allowed=f"1 to {machine.cores}, the cores here")
    threads = machine.threads if placement.threads is None else placement.threads
    # On a GPU the tensors are in the hands of torch's own allocator.
    can_keep = machine.can_keep_memory and device.name == "cpu"
    if placement.keeps_memory and not can_keep:
        raise SpecError.of(
            f"placement.keeps_memory on {device.name}", True, allowed="false: only glibc on a CPU can"
        )
    usual = can_keep and not shares_process
    keeps = usual if placement.keeps_memory is None else placement.keeps_memory
    return replace(placement, device=device.name, precision=precision, threads=threads, keeps_memory=keeps)


def refuse_mixed_memory(specs: Iterable[RunSpec]) -> None:
    """Raises SpecError where resolved runs that share a process differ in whether it keeps freed memory.

    Once it does, it does so to its end.
    """
    if len({spec.placement.keeps_memory for spec in specs}) > 1:
        raise SpecError.of(
            "placement.keeps_memory",
            "true and false",
            allowed="one of them where runs share a process, which never gives up what it keeps",
            hint="give each run a process of its own: without --no-isolate, or with isolate=True",
        )


def find_device(asked: str, machine: MachineFacts) -> DeviceFacts:
    """The device that a name means: `auto` is the first, `cuda` the first of that kind.

    Raises SpecError for a device that is not here.
    """
    for device in machine.devices:
        if asked in ("auto", device.name, device.name.split(":")[0]):
            return device
    raise SpecError.of(
        "placement.device",
        asked,
        allowed=", ".join(device.name for device in machine.devices),
        hint="leave --device out to take the best that is here",
    )
