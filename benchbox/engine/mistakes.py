"""A contact sheet of the pictures that a network takes for something else, the surest mistakes first."""

from collections.abc import Sequence

from torch import Tensor

from benchbox.data.contact_sheet import MOST_MISTAKES, Mistake, draw_mistakes
from benchbox.engine.answers import Scored
from benchbox.engine.stage import Context, Stage

# Beside the plots that the report draws.
FOLDER = "plots"


def keep_mistakes(
    context: Context, stage: Stage, indices: Tensor, scored: Scored, *, classes: Sequence[str]
) -> None:
    """Leave `plots/mistakes-NAME.png` for the pictures `indices` that were scored; nothing where all are right.

    Raises OSError where the file cannot be written.
    """
    wrong = [place for place, rank in enumerate(scored.rank) if rank > 1]
    if not wrong:
        return
    shown = sorted(wrong, key=lambda place: -scored.probability[place])[:MOST_MISTAKES]
    pixels = stage.pictures.decode(indices[shown].tolist()).cpu().numpy()
    mistakes = [
        Mistake(
            pixels=picture,
            label=classes[scored.labels[place]],
            predicted=classes[scored.predicted[place]],
            probability=scored.probability[place],
        )
        for picture, place in zip(pixels, shown, strict=True)
    ]
    path = context.folder / FOLDER / f"mistakes-{context.request.name}.png"
    draw_mistakes(mistakes, path=path, left_out=len(wrong) - len(shown))
    context.findings.add_file("mistakes", path, folder=context.folder)
