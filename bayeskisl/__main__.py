"""``python -m bayeskisl``."""

from bayeskisl.cli import main

if __name__ == "__main__":
    main()
