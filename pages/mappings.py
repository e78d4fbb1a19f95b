from glsync.ui import shell

visit = shell.enter("mappings")
