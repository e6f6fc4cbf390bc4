"""Entry point of ``python -m neurop``, the same command as ``neurop``."""

from neurop.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
