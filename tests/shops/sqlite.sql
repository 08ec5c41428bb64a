-- The same shop as postgres.sql, for SQLite.
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers (id),
  total decimal(10,2), ordered date, paid boolean);
CREATE TABLE kinds (id integer, amount decimal(20,4), huge text, big bigint, day date,
  moment datetime, yes boolean, bytes blob, ratio real, note text);
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30)
  INSERT INTO customers SELECT n, 'Customer ' || n,
    CASE n % 3 WHEN 0 THEN 'Rome' WHEN 1 THEN 'Oslo' ELSE 'Lima' END FROM n;
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
  INSERT INTO orders SELECT n, n % 30 + 1, n * 1.25,
    date('2026-01-01', '+' || (n % 90) || ' days'), n % 2 = 0 FROM n;
INSERT INTO kinds VALUES (1, 1234.56, '123456789012345678901234567890', 9007199254740993,
  '2026-02-28', '2026-02-28 13:14:15', 1, X'00ff10', 0.1, '=1+1');
INSERT INTO kinds (id) VALUES (2);
CREATE VIEW rich AS SELECT * FROM orders WHERE total > 2000;
