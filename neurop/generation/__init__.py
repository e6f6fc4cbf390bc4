"""Data sets that a solver makes: resumable, in shards and processes, or while training runs."""
