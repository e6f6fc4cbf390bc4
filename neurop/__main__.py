"""``python -m neurop`` is the ``neurop`` command."""

from neurop.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
