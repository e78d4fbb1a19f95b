"""The direction to_supabase: Glide is streamed into Postgres a page at a time, whatever the size of the table.

It needs no values of the base, only digests, because one side decides. `read` opens a read and knows what it may rely
on, `store` writes a page with all that belongs to it in one transaction, `finish` looks for rows that went away and
remembers.
"""

from glsync.oneway.finish import plan, sync

__all__ = ["plan", "sync"]
