"""From artifacts to a serving release: plan the retraining, assemble, register, promote, roll back, package."""
