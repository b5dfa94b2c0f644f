"""`python -m benchbox` and the console script `benchbox` are the same program."""


def main() -> None:
    """Run the command line; the import is here so that a child process that only needs this module stays light."""
    from benchbox.cli.app import run

    run()


if __name__ == "__main__":
    main()
