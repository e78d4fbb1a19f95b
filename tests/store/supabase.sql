-- What a project on Supabase has before anything of ours, as far as it concerns us: the roles of its API, schemas of its
-- services, and the default grants of projects made before they became explicit. For tests; it protects nothing.

create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator, project_owner;

grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
grant all on tables to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
grant all on functions to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public
grant all on sequences to anon, authenticated, service_role;

create schema auth;
create table auth.users (id uuid primary key default gen_random_uuid(), email text unique);
create schema storage;
create table storage.objects (id uuid primary key, name text, glide_row_id text unique);
create schema extensions;
create schema graphql_public;
create schema vault;
create schema supabase_functions;
create table supabase_functions.hooks (id bigint primary key);
grant usage on schema auth, storage, extensions, graphql_public, supabase_functions to project_owner;
grant all on all tables in schema auth, storage, supabase_functions to project_owner;

create publication supabase_realtime;
