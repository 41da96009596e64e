-- The rights of the role that the service runs with: it reads and writes rows, and can neither change nor drop a table.
-- Migrations run as the tables' owner. Run this once, as that owner, after `flask --app wsgi db upgrade`:
--   psql "$OWNER_URL" -f deploy/postgres/role.sql
-- The role is there if the superuser ran database.sql. An owner who may make roles can have it made here:
--   psql "$OWNER_URL" -v password="'…'" -f deploy/postgres/role.sql
-- A later migration that adds tables needs nothing more.
\set ON_ERROR_STOP on
SELECT count(*) = 0 AS is_absent FROM pg_roles WHERE rolname = 'opamp_service' \gset
\if :is_absent
CREATE ROLE opamp_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :password;
\endif
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO opamp_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO opamp_service;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO opamp_service;
-- Which revision the schema has is the owner's to say.
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM opamp_service;
