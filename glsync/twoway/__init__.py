"""The directions both and to_glide: both sides and the base are compared, field by field, and what differs is written.

`observe` brings both sides into one form, `decide` makes a plan of what differs, `write` carries out its Postgres part,
`push` its Glide part through the journal, `settle` finds out what became of writes in doubt, `finish` tells the run.
`undo` takes back what an earlier run wrote, in any direction, through the same writers; `explain` looks at one row.
"""

from glsync.twoway import explain, undo
from glsync.twoway.finish import plan, sync

__all__ = ["explain", "plan", "sync", "undo"]
