"""Training under Lightning: one call, the step, batches, schedule, callbacks."""
