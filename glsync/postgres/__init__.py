"""Everything that talks to a user's tables."""
