-- The pages of the base, oldest pass first within a page.
select page, pass, digests, id_hashes from glsync.base_pages where mapping_id = %(mapping)s order by page, pass
