"""The directions both and to_glide: both sides and the base are compared, field by field, and what differs is written.

`observe` brings both sides into one form, `decide` makes a plan of what differs, `write` carries out its Postgres part,
`push` its Glide part through the journal, `settle` finds out what became of writes in doubt, `finish` tells the run.
"""

from glsync.twoway.finish import plan, sync

__all__ = ["plan", "sync"]
