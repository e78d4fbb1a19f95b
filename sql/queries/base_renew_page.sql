-- The page as a later pass read it: the same rows in the same order, so ids and their hashes stay where they are.
update glsync.base_pages set pass = %(pass)s, digests = %(digests)s
where mapping_id = %(mapping)s and page = %(page)s and pass = %(renews)s
