-- A master key of the database's own making, so that it stands in no statement: 488 random bits made into 256.
select vault.create_secret(
    encode(sha256(convert_to(
        gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'
    )), 'hex'),
    %(name)s, 'Opens the API keys that Glide Sync keeps'
)
