"""`benchbox models`: what is asked of the child, and what is printed."""

import io

import msgspec
import pytest
from rich.console import Console

from benchbox.cli.models import DESCRIBE_ALL, DESCRIBE_ONE, Answer, list_models, show_model
from benchbox.errors import ModelError
from benchbox.plan.catalogue import THE_SIX
from benchbox.records.description import DescribeAllRequest, DescribeRequest, Description, Descriptions, Layer


class Child:
    """Answers as a child process would, and remembers what it was asked."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.requests: list[DescribeRequest] = []

    def __call__(self, target: str, request: msgspec.Struct, *, returns: type[Answer]) -> Answer:
        self.targets.append(target)
        if isinstance(request, DescribeAllRequest):
            answer: object = Descriptions(descriptions=tuple(map(self.describe, request.requests)))
        else:
            assert isinstance(request, DescribeRequest)
            answer = self.describe(request)
        assert isinstance(answer, returns)
        return answer

    def describe(self, request: DescribeRequest) -> Description:
        self.requests.append(request)
        return Description(
            name=request.model.name,
            channels=request.channels,
            image_size=request.image_size,
            classes=request.classes,
            layers=(Layer(path="features.conv1", kind="conv 10@10×10 s2", output=(10, 60, 60)),),
            parameters=73_450,
            buffers=0,
            weight_bytes=293_800,
            flops=15_534_400,
        )


@pytest.fixture
def child() -> Child:
    return Child()


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=80)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_zoo_is_asked_for_at_once(child: Child, console: Console) -> None:
    list_models(call=child, console=console, channels=3, classes=7)
    assert child.targets == [DESCRIBE_ALL]
    assert [request.model.name for request in child.requests] == list(THE_SIX)
    assert {(request.channels, request.classes) for request in child.requests} == {(3, 7)}


def test_the_zoo_is_printed_with_its_notes(child: Child, console: Console) -> None:
    list_models(call=child, console=console)
    text = printed(console)
    assert all(name in text for name in THE_SIX)
    assert "Counted for pictures of 1×128×128 pixels and 20 classes." in text


def test_networks_for_larger_pictures_are_listed_and_not_asked_for(child: Child, console: Console) -> None:
    list_models(call=child, console=console, image_size=32)
    asked = [request.model.name for request in child.requests]
    assert asked == ["googlenet", "vgg16", "resnet50", "efficientnet_b0"]
    assert "–: lenet, alexnet would need larger pictures." in printed(console)


def test_the_zoo_as_json(child: Child, console: Console) -> None:
    list_models(call=child, console=console, image_size=48, as_json=True)
    document = msgspec.json.decode(printed(console))
    assert [each["name"] for each in document] == list(THE_SIX)
    assert document[0]["year"] == 1998
    assert document[0]["description"] is None
    assert document[1]["description"]["parameters"] == 73_450


def test_a_network_is_asked_for_by_its_canonical_name(child: Child, console: Console) -> None:
    show_model("EfficientNet", call=child, console=console, activation="relu", image_size=96)
    assert child.targets == [DESCRIBE_ONE]
    (request,) = child.requests
    assert (request.model.name, request.model.activation, request.image_size) == ("efficientnet_b0", "relu", 96)


def test_a_network_is_printed_layer_by_layer(child: Child, console: Console) -> None:
    show_model("lenet", call=child, console=console)
    assert "conv1  conv 10@10×10 s2" in printed(console)
    assert "287 KiB of weights in fp32" in printed(console)


def test_a_network_as_json_is_a_description(child: Child, console: Console) -> None:
    show_model("torchvision:resnet18", call=child, console=console, channels=3, as_json=True)
    description = msgspec.json.decode(printed(console), type=Description)
    assert (description.name, description.channels) == ("torchvision:resnet18", 3)


def test_an_unknown_network_is_refused_before_a_child_starts(child: Child, console: Console) -> None:
    with pytest.raises(ModelError, match="did you mean alexnet"):
        show_model("alexnt", call=child, console=console)
    assert child.targets == []


def test_the_targets_exist() -> None:
    import benchbox.models.describe as describe

    names = [target.partition(":") for target in (DESCRIBE_ONE, DESCRIBE_ALL)]
    assert all(module == describe.__name__ and hasattr(describe, function) for module, _, function in names)
