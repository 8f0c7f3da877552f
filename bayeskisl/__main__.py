"""Entry point of ``python -m bayeskisl`` and of the command ``bayeskisl``; Ctrl-C prints no traceback."""


def main() -> None:
    """Run the command line."""
    try:
        from bayeskisl.cli import main as run

        run()
    except KeyboardInterrupt:  # before there is anything that could say more
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
