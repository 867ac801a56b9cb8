// Replaced by this target's first tests.
