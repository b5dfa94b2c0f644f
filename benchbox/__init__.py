"""benchbox: which convolutional network is fastest, smallest and most accurate, here, on these pictures?

    import benchbox
    from benchbox import ModelSpec, RunSpec

    record = benchbox.run(RunSpec(model=ModelSpec(name="lenet")))   # trains, and writes a report
    frame = benchbox.load("reports/latest")                         # a pandas frame
    network = benchbox.build_model("resnet50", classes=10, channels=3)

Importing it loads neither torch nor pandas.
"""

from benchbox.api import build_model, load, load_checkpoint, predict, run
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec, PlacementSpec, Plan, RunSpec, TimingSpec
from benchbox.records.record import Measurement, Record
from benchbox.version import __version__

__all__ = [
    "DataSpec",
    "FitSpec",
    "Measurement",
    "ModelSpec",
    "PlacementSpec",
    "Plan",
    "Record",
    "RunSpec",
    "TimingSpec",
    "__version__",
    "build_model",
    "load",
    "load_checkpoint",
    "predict",
    "run",
]
