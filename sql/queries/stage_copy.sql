-- Lines of engine/transform.py: fields end with U+001F, texts stand in U+001E, an empty field is null, quoted or not.
copy {table} ({columns}) from stdin (format csv, encoding 'UTF8', delimiter E'\x1f', quote E'\x1e', escape E'\x1e', null '', force_null ({quoted}))
