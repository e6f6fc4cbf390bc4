"""Generated data sets: resumable, in shards and processes, or during the training."""
