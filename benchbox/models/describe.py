"""What can be counted in a network without arithmetic: layers in their order, shapes, parameters, FLOPs.

Everything is seen on the meta device, where tensors have shapes and no numbers. One multiply–accumulate is
2 FLOP, and only convolutions and matrix products count, as in torch's `FlopCounterMode`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import benchbox.models
from benchbox.errors import ModelError
from benchbox.models.agreement import on_meta
from benchbox.models.oneline import one_line
from benchbox.models.receptive import Shapes, receptive_fields
from benchbox.models.wording import formula_of, kind_of
from benchbox.plan.catalogue import is_foreign
from benchbox.records.description import (
    DescribeAllRequest,
    DescribeRequest,
    Description,
    Descriptions,
    Layer,
)
from benchbox.records.events import Observer, ignore


@dataclass
class _Watch:
    """Writes down each layer of one forward pass as it is executed."""

    counter: FlopCounterMode
    layers: list[Layer] = field(default_factory=list)
    shapes: dict[str, Shapes] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    def attach(self, network: nn.Module) -> None:
        """Watch what has no parts of its own, and attention, whose parts are not called as modules."""
        for path, module in network.named_modules():
            if isinstance(module, nn.MultiheadAttention) or not any(module.children()):
                module.register_forward_pre_hook(self._before(path))
                module.register_forward_hook(self._after(path))

    def _before(self, path: str) -> Callable[..., None]:
        def look(module: nn.Module, inputs: tuple[object, ...]) -> None:
            self.counted[path] = self.counter.get_total_flops()

        return look

    def _after(self, path: str) -> Callable[..., None]:
        def look(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
            before, after = _shape(inputs), _shape(output)
            self.shapes[path] = Shapes(before=before, after=after)
            layer = Layer(
                path=path,
                kind=kind_of(module),
                output=after[1:],
                formula=formula_of(module, before, after),
                parameters=sum(parameter.numel() for parameter in module.parameters()),
                flops=self.counter.get_total_flops() - self.counted[path],
            )
            self.layers.append(layer)

        return look


def _shape(value: object) -> tuple[int, ...]:
    """The shape of a tensor, or of the first one in a tuple."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, tuple | list) and value:
        return _shape(value[0])
    return ()


def describe(network: nn.Module, *, name: str, channels: int, image_size: int, classes: int) -> Description:
    """Count and list what a network does to one picture; the network itself is left as it is.

    Raises ModelError where it cannot run on such a picture.
    """
    shape = (1, channels, image_size, image_size)
    try:
        watch = _watched(on_meta(network), torch.empty(shape, device="meta"))
    except Exception:  # some foreign code needs numbers: then it runs really, once
        watch = _watched_really(network, shape, name=name)
    fields = receptive_fields(on_meta(network).eval(), watch.shapes)
    tensors = [*network.parameters(), *network.buffers()]
    return Description(
        name=name,
        channels=channels,
        image_size=image_size,
        classes=classes,
        layers=tuple(
            msgspec.structs.replace(layer, receptive_field=fields.get(layer.path)) for layer in watch.layers
        ),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        buffers=sum(buffer.numel() for buffer in network.buffers()),
        weight_bytes=sum(tensor.numel() * tensor.element_size() for tensor in tensors),
        flops=watch.counter.get_total_flops(),
    )


def _watched(network: nn.Module, picture: Tensor) -> _Watch:
    """One forward pass in eval mode. Gradients stay on: without them attention takes a path with no count."""
    watch = _Watch(FlopCounterMode(display=False))
    watch.attach(network.eval())
    with watch.counter:
        network(picture)
    return watch


def _watched_really(network: nn.Module, shape: tuple[int, ...], *, name: str) -> _Watch:
    device = next((tensor.device for tensor in network.parameters()), torch.device("cpu"))
    try:
        return _watched(copy.deepcopy(network), torch.zeros(shape, device=device))
    except Exception as error:  # whatever a stranger's code raises becomes one line for the user
        size = "×".join(str(side) for side in shape[1:])
        raise ModelError(
            f"{name} cannot run on a picture of {size}: {one_line(error)}",
            hint="try another --image-size or --channels",
        ) from error


def describe_named(request: DescribeRequest, *, observer: Observer = ignore) -> Description:
    """Make a network without its numbers and describe it; called by its name in a child process.

    Raises ModelError where it cannot be made or run.
    """
    network = _build_without_numbers(request)
    return describe(
        network,
        name=request.model.name,
        channels=request.channels,
        image_size=request.image_size,
        classes=request.classes,
    )


def describe_all(request: DescribeAllRequest, *, observer: Observer = ignore) -> Descriptions:
    """Several networks, in the order of the request. Raises ModelError at the first that cannot be made."""
    return Descriptions(descriptions=tuple(describe_named(each) for each in request.requests))


def _build_without_numbers(request: DescribeRequest) -> nn.Module:
    def build() -> nn.Module:
        return benchbox.models.build(
            request.model,
            classes=request.classes,
            channels=request.channels,
            image_size=request.image_size,
        )

    try:
        with torch.device("meta"):
            return build()
    except ModelError:
        if not is_foreign(request.model.name):
            raise
        # A factory may compute with its weights, which the meta device cannot.
        return build()
