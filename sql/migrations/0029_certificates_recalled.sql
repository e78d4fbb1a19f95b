-- What a certificate was made for, and when Glide was read for it: while Glide's version stands still, a comparison goes on
-- from what both sides agreed on, and Glide is not paid for saying it again.
alter table glsync.certificates add column scope text, add column read_at timestamptz;
