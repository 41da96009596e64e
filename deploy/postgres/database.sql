-- The superuser's half, once: two roles and the database. The owner's half is role.sql, after `db upgrade`.
--   OPAMP_OWNER_PASSWORD=… OPAMP_SERVICE_PASSWORD=… psql -f deploy/postgres/database.sql
\set ON_ERROR_STOP on
\getenv owner_password OPAMP_OWNER_PASSWORD
\getenv service_password OPAMP_SERVICE_PASSWORD
-- Owns the tables, and migrates them.
CREATE ROLE opamp LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
-- Reads and writes rows.
CREATE ROLE opamp_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'service_password';
-- Whatever the server's own encoding is. C.UTF-8: code points in order, and upper and lower case of all letters.
CREATE DATABASE opamp_platform OWNER opamp TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE CONNECT, TEMPORARY ON DATABASE opamp_platform FROM PUBLIC;
GRANT CONNECT ON DATABASE opamp_platform TO opamp_service;
