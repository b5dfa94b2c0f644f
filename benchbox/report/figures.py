"""What all figures share: palette, size, title, axes, and how they become files' bytes.

Figures are made without pyplot, so that nothing global changes and no window is sought. The palette is
Okabe and Ito's (2008), told apart by people with any colour vision; line styles and markers repeat what
colours say.
"""

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DOTS_AN_INCH = 120


def png(figure: Figure) -> bytes:
    """The figure as a PNG; equal figures give equal bytes, since no time or version is written into it."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_AN_INCH, metadata={"Software": None})
    return buffer.getvalue()


def new_figure(width: float, height: float, title: str) -> Figure:
    """An empty figure of a size in inches, with a title."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure


def tidy(axes: Axes, *, x: str, y: str) -> None:
    """Label the axes, and draw no more lines than help to read them."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
