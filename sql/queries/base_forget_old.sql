-- The read is complete: of each page only its newest state stays, and nothing past the last page.
delete from glsync.base_pages as b
where b.mapping_id = %(mapping)s and (
    b.page > %(last_page)s
    or exists (
        select from glsync.base_pages as n
        where n.mapping_id = b.mapping_id and n.page = b.page and n.pass > b.pass
    )
)
