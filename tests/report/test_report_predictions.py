"""The answers of predict as a table at 80 columns and as one document."""

import json
from io import StringIO

from rich.console import Console

from benchbox.records.predictions import Guess, Prediction, Predictions
from benchbox.report.grid import print_grid
from benchbox.report.predictions import predictions_document, predictions_grid

PICTURES = (
    Prediction(
        picture="holiday/a rather long folder name/photograph-2026-08-14.jpeg",
        likeliest=tuple(
            Guess(label=label, probability=probability)
            for label, probability in (
                ("obj3", 0.871),
                ("obj6", 0.08),
                ("obj9", 0.04),
                ("obj1", 0.006),
                ("obj2", 0.003),
            )
        ),
    ),
    Prediction(picture="sure.png", likeliest=(Guess(label="obj12", probability=0.99996),)),
    Prediction(
        picture="notes.txt", fault="notes.txt cannot be read as a picture: its bytes are of no known format"
    ),
)
SEEN = Predictions(
    checkpoint="reports/latest-train/checkpoints/lenet-best.pt",
    network="lenet",
    weights="epoch 3 of 8, the best on the held-out pictures",
    data="COIL-20 (dataset/coil20)",
    classes=tuple(f"obj{number}" for number in range(1, 21)),
    device="cpu",
    precision="bf16",
    pictures=PICTURES,
)


def test_each_picture_has_its_class_and_the_likeliest_others_and_a_bad_one_its_reason() -> None:
    out = StringIO()
    print_grid(Console(file=out, width=80), predictions_grid(SEEN))
    assert max(map(len, out.getvalue().splitlines())) <= 80
    first, second, third = predictions_grid(SEEN).lines
    assert [cell.text for cell in first[1:]] == ["obj3", "87.1", "obj6 8.0, obj9 4.0, obj1 0.6, obj2 0.3"]
    # What is not certain is never rounded to certain.
    assert [cell.text for cell in second[1:]] == ["obj12", "99.996", "–"]
    assert (third[1].text, third[1].is_bad) == ("unreadable", True)
    assert "no known format" in third[3].text
    squeezed = "".join(out.getvalue().split())
    assert "20classes" in squeezed
    assert "photograph-2026-08-14.jpe" in squeezed


def test_the_document_is_versioned_and_holds_plain_ratios() -> None:
    said = json.loads(predictions_document(SEEN))
    assert said["schema"] == 1
    first, _, third = said["predictions"]["pictures"]
    assert first["likeliest"][0] == {"label": "obj3", "probability": 0.871}
    assert (third["likeliest"], third["fault"][:9]) == ([], "notes.txt")
