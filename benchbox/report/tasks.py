"""What a task is called in sentences, and what is said of a row's parts in those words."""

from benchbox.records.rows import Row

_WORDS = {
    "infer": "inference",
    "train_step": "training",
    "largest_batch": "largest batch",
    "fit": "fit",
    "evaluate": "evaluation",
}


def task_word(task: str) -> str:
    """A task in the reader's words: `inference`, `training`, `largest batch`, `fit`, `evaluation`."""
    return _WORDS[task]


def reason_text(row: Row) -> str:
    """Why parts did not end well: `inference, training oom: why`; empty where all did."""
    return "; ".join(f"{', '.join(map(task_word, tasks))} {said}" for tasks, said in row.failures)


def void_text(row: Row) -> str:
    """Why the row must not be ranked: `training: why`; empty where it may be."""
    return "; ".join(f"{task_word(task)}: {why}" for task, why in row.voids)
