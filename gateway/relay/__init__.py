"""Out: one Transport per way a message can leave, and what came of it."""
