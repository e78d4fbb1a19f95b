-- Another master key in the place of the one in Vault, made as in vault_make_key.
select vault.update_secret(
    id,
    encode(sha256(convert_to(
        gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'
    )), 'hex')
)
from vault.decrypted_secrets
where name = %(name)s
