"""What became of a process that a test ended."""

import psutil


def is_gone(process: int) -> bool:
    """Whether a process, by its number, is gone, or dead and only not yet collected by its parent."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
