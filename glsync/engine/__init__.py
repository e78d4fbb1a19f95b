"""What should happen. Pure: no network, no database, no clock, no environment."""
