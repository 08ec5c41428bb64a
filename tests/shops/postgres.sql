-- A small shop, and an account that may do more than a careful operator would let it:
-- the service has to refuse by itself.
CREATE ROLE {reader} LOGIN PASSWORD '{password}';
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, city varchar(40));
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id integer REFERENCES customers (id), total
  numeric(10,2), ordered date, paid boolean);
CREATE TABLE kinds (id integer, amount numeric(20,4), huge numeric(40,0), big bigint, day date,
  moment timestamp, zoned timestamptz, clock time, span interval, yes boolean, bytes bytea, doc
  jsonb, uid uuid, marks integer[], ratio double precision, note text);
INSERT INTO customers SELECT n, 'Customer ' || n, (ARRAY['Rome','Oslo','Lima'])[n % 3 + 1] FROM
  generate_series(1, 30) n;
INSERT INTO orders SELECT n, n % 30 + 1, n * 1.25, date '2026-01-01' + n % 90, n % 2 = 0 FROM
  generate_series(1, 2000) n;
INSERT INTO kinds VALUES (1, 1234.5600, 123456789012345678901234567890, 9007199254740993,
  '2026-02-28', '2026-02-28 13:14:15', '2026-02-28 13:14:15+02', '06:30', '36 hours', true,
  '\x00ff10', '{"a": [1, "x"]}', '7f8a1c9e-0000-4000-8000-00000000abcd', '{1,2,3}', 0.1, '=1+1');
INSERT INTO kinds (id) VALUES (2);
CREATE VIEW rich AS SELECT * FROM orders WHERE total > 2000;
CREATE SCHEMA stock;
CREATE TABLE stock.items (sku text PRIMARY KEY, left_over integer);
CREATE TABLE secrets (word text);
INSERT INTO secrets VALUES ('hidden');
CREATE SEQUENCE numbers;
CREATE FUNCTION shout(x text) RETURNS text LANGUAGE sql AS $$ SELECT upper(x) || '!' $$;
GRANT SELECT ON customers, orders, kinds, rich TO {reader};
GRANT USAGE ON SCHEMA stock TO {reader};
GRANT SELECT ON stock.items TO {reader};
GRANT INSERT, UPDATE, DELETE ON customers TO {reader};
GRANT CREATE ON SCHEMA public TO {reader};
GRANT USAGE ON SEQUENCE numbers TO {reader};
GRANT pg_read_server_files, pg_write_server_files TO {reader};
