-- What both tables looked like when the mapping was last saved and run.
select mapping_version, glide, postgres, key from glsync.shapes where mapping_id = %(mapping)s
