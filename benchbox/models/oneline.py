"""An exception of somebody else's code as one line of text. Nothing else."""

LONGEST = 240


def one_line(error: BaseException) -> str:
    """The kind and the message of an exception, without line breaks and cut to 240 characters."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
