"""The table of metrics: what a name means, its unit, and which direction is better.

No code elsewhere asks `if metric == …` to know how to show or to rank one.
"""

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One thing that is measured or counted. `unit` is SI-like and unscaled: s, B, 1/s, ratio, or a count."""

    name: str
    unit: str
    better: Better
    meaning: str


_METRICS = (
    # counted once
    Metric(name="parameters", unit="count", better="lower", meaning="trainable numbers in the network"),
    Metric(name="buffers", unit="count", better="lower", meaning="other numbers kept with the weights"),
    Metric(name="weight_bytes", unit="B", better="lower", meaning="bytes of parameters and buffers in fp32"),
    Metric(name="flops", unit="FLOP", better="lower", meaning="forward pass of one picture; 1 MAC = 2 FLOP"),
    # phases of a run
    Metric(name="build_seconds", unit="s", better="lower", meaning="construction and placement of the network"),
    Metric(name="first_batch_seconds", unit="s", better="lower", meaning="first call, with all its one-time work"),
    Metric(name="warmup_seconds", unit="s", better="neither", meaning="calls before the timed ones"),
    # a timed cell: one value a sample, in the order seen
    Metric(name="sample_seconds", unit="s", better="lower", meaning="one call on one batch"),
    Metric(name="control_seconds", unit="s", better="neither", meaning="a call of the control network beside it"),
    Metric(name="wall_seconds", unit="s", better="lower", meaning="a sample by the host's clock, on a GPU"),
    Metric(name="peak_reserved", unit="B", better="lower", meaning="most memory that the GPU's allocator held"),
    Metric(name="activation_bytes", unit="B", better="lower", meaning="held for backward, for one picture"),
    # the split of a training step: one value a step of a pass of its own
    Metric(name="data_wait_seconds", unit="s", better="lower", meaning="until the next batch is there"),
    Metric(name="copy_seconds", unit="s", better="lower", meaning="pictures to the device, and normalised"),
    Metric(name="forward_seconds", unit="s", better="lower", meaning="forward pass and loss"),
    Metric(name="backward_seconds", unit="s", better="lower", meaning="backward pass"),
    Metric(name="optimizer_seconds", unit="s", better="lower", meaning="from gradients to new weights"),
    # agreement with plain fp32 on the same pictures and weights
    Metric(name="parity_error", unit="ratio", better="lower", meaning="distance of the logits from plain fp32's"),
    Metric(name="parity_top1", unit="ratio", better="higher", meaning="share of the same likeliest class"),
    # the search for the largest batch: one value a batch that was tried and fitted
    Metric(name="batch_fitted", unit="count", better="higher", meaning="pictures of a training step that fitted"),
    Metric(name="batch_refused", unit="count", better="neither", meaning="pictures of a step that did not fit"),
    Metric(name="peak_memory", unit="B", better="lower", meaning="most memory above the process's floor"),
    # a fit: one value an epoch
    Metric(name="epoch_seconds", unit="s", better="lower", meaning="training part of an epoch"),
    Metric(name="train_loss", unit="nat", better="lower", meaning="mean cross-entropy while training"),
    Metric(name="train_accuracy", unit="ratio", better="higher", meaning="top-1 while training, dropout active"),
    Metric(name="test_loss", unit="nat", better="lower", meaning="mean cross-entropy on the held-out pictures"),
    Metric(name="test_accuracy", unit="ratio", better="higher", meaning="top-1 on the held-out pictures"),
    Metric(name="val_loss", unit="nat", better="lower", meaning="mean cross-entropy on the pictures set aside"),
    Metric(name="val_accuracy", unit="ratio", better="higher", meaning="top-1 on the pictures set aside"),
    Metric(name="learning_rate", unit="1", better="neither", meaning="learning rate at the end of an epoch"),
    Metric(name="train_pictures_per_second", unit="1/s", better="higher", meaning="pictures / epoch_seconds"),
    # an evaluation, and the end of a fit
    Metric(name="top1", unit="ratio", better="higher", meaning="share of held-out pictures classified rightly"),
    Metric(name="top5", unit="ratio", better="higher", meaning="share whose class is among the five likeliest"),
    Metric(name="macro_f1", unit="ratio", better="higher", meaning="mean over classes of the F1 score"),
    Metric(name="loss", unit="nat", better="lower", meaning="mean cross-entropy on the held-out pictures"),
    Metric(name="correct", unit="count", better="higher", meaning="held-out pictures classified rightly"),
    Metric(name="pictures", unit="count", better="neither", meaning="held-out pictures"),
    Metric(name="eval_pictures_per_second", unit="1/s", better="higher", meaning="pictures / evaluation time"),
    Metric(name="fit_seconds", unit="s", better="lower", meaning="the whole fit, evaluation included"),
    Metric(name="calibration_error", unit="ratio", better="lower", meaning="expected calibration error, 15 bins"),
    # an evaluation of disturbed pictures: one value a strength (records.robustness)
    Metric(name="accuracy_noise", unit="ratio", better="higher", meaning="top-1 on noisy pictures"),
    Metric(name="accuracy_blur", unit="ratio", better="higher", meaning="top-1 on blurred pictures"),
    Metric(name="accuracy_darker", unit="ratio", better="higher", meaning="top-1 on darker pictures"),
    Metric(name="accuracy_brighter", unit="ratio", better="higher", meaning="top-1 on brighter pictures"),
    Metric(name="accuracy_occlusion", unit="ratio", better="higher", meaning="top-1 on partly covered pictures"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}
