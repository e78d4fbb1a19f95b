"""Glide Sync: keeps Glide tables and Postgres tables equal."""

__version__ = "0.1.0"
