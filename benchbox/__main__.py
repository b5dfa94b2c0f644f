"""`python -m benchbox` and the console script `benchbox` are the same program."""


def main() -> None:
    """Run the command line.

    The import is in here because child processes import this module too, and need nothing of it.
    """
    from benchbox.cli.app import run

    run()


if __name__ == "__main__":
    main()
